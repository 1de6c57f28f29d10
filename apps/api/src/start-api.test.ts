import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { startTestApi } from './testing/test-api.ts';

test('a stop does not wait for the connection of a feed that it ended, which its client keeps', async () => {
  const agent = new Agent({ keepAlive: true });
  const api = await startTestApi();
  const headers = {
    authorization: `Bearer ${api.edgeToken}`,
    'postern-edge-key': randomBytes(32).toString('base64url'),
  };
  const request = get(`${api.url}/v1/feed?edge=a`, { agent, headers });
  const [feed] = (await once(request, 'response')) as [IncomingMessage];
  await once(feed, 'data');
  feed.resume();
  const begun = performance.now();
  await api[Symbol.asyncDispose]();
  // Node keeps an idle connection for 5 s.
  expect(performance.now() - begun).toBeLessThan(4500);
  agent.destroy();
});
