import { DOCUMENT_KINDS, documentJsonSchema } from '@postern/contracts';
import { expect, test } from 'vitest';
import { startTestApi } from './testing/test-api.ts';

test('the schema of every kind is served without a token, others are not there', async () => {
  await using api = await startTestApi();
  for (const kind of DOCUMENT_KINDS) {
    const { status, json } = await api.call('GET', `/schemas/${kind}.json`, { token: null });
    expect([status, json]).toEqual([200, documentJsonSchema(kind)]);
  }
  expect((await api.call('GET', '/schemas/secret', { token: null })).status).toBe(404);
});
