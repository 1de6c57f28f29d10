import { type Hostname, PosternError } from '@postern/contracts';
import { createLog } from '@postern/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startApi } from './start-api.ts';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await api[Symbol.asyncDispose]();
});

/** Starts an API on what the first one has stored, and ends it. */
async function startAnother(): Promise<void> {
  const { store, masterKey } = api.data;
  const another = await startApi({
    ...{
      listen: [{ host: '127.0.0.1', port: 0 }],
      store,
      masterKey,
      log: createLog('api', { file: '/dev/null' }),
    },
    ...{
      now: () => Date.now(),
      hostnameDomain: 'localhost' as Hostname,
      publicHttpsPort: 8443,
      version: '0',
    },
  });
  await another.close();
}

test('an API that starts on routes writes one as it is, as a dry run, and leaves nothing of it', async () => {
  await api.call('POST', 'services', { body: { name: 'echo', spec: { targets: ['http://127.0.0.1:1'] } } });
  await api.call('POST', 'routes', { body: { name: 'first', spec: specOf('first.localhost') } });
  const before = await api.call('GET', 'routes/first');
  const cursor = await api.data.store.cursor();
  const update = vi.spyOn(api.data.store, 'updateRoute');
  await startAnother();
  expect(update.mock.calls.map(([write, mode]) => [write.name, mode?.dryRun])).toEqual([['first', true]]);
  await expect(update.mock.results[0]?.value).resolves.toMatchObject({ record: { version: 2 } });
  expect((await api.call('GET', 'routes/first')).json).toEqual(before.json);
  expect(await api.data.store.cursor()).toEqual(cursor);
});

test('it starts all the same where there is no route, or where writing one fails', async () => {
  const update = vi.spyOn(api.data.store, 'updateRoute').mockRejectedValue(new PosternError('unavailable'));
  await startAnother();
  expect(update).not.toHaveBeenCalled();
  await api.call('POST', 'services', { body: { name: 'echo', spec: { targets: ['http://127.0.0.1:1'] } } });
  await api.call('POST', 'routes', { body: { name: 'first', spec: specOf('first.localhost') } });
  await startAnother();
  expect(update).toHaveBeenCalledOnce();
});
