import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectDocumented } from './testing/document-check.ts';
import { type Described, type GeneratedRequest, mutate, requestOf } from './testing/request-generator.ts';
import { startTestApi } from './testing/test-api.ts';

/** `npm run test:long` sends more, and others each time. */
const REQUESTS = Number(process.env.POSTERN_FUZZ_REQUESTS ?? 5_000);
const SEED = process.env.POSTERN_FUZZ_SEED === 'random' ? Date.now() : 20_261_122;
const AT_ONCE = 8;
/** Milliseconds that one request may take; the slowest is a write that waits for the disk. */
const REQUEST_MS = 10_000;

const document = JSON.parse(readFileSync(join(import.meta.dirname, '../openapi.json'), 'utf8')) as Described;

test(`${REQUESTS} requests made from the document, right, mutated and senseless: each answer is documented, none is 500 (seed ${SEED})`, {
  timeout: REQUESTS * 60,
}, async () => {
  await using api = await startTestApi();
  const base = api.url;
  const seen = new Map<string, number>();
  const requests = fc.sample(mutate(requestOf(document)), { numRuns: REQUESTS, seed: SEED });
  const send = async (request: GeneratedRequest): Promise<void> => {
    // The caller's own token stays: without it all else would be 401.
    if (request.method === 'DELETE' && request.path.startsWith('/v1/tokens/admin')) return;
    const token = request.scope === 'edge' ? api.edgeToken : api.adminToken;
    const url = new URL(request.path + request.query, base);
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(REQUEST_MS)]);
    const response = await fetch(url, {
      method: request.method,
      signal,
      headers: {
        ...(request.withToken ? { authorization: `Bearer ${token}` } : {}),
        ...(request.body === undefined ? {} : { 'content-type': request.contentType }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    const what = `${request.method} ${url.pathname}${url.search} ${request.body?.slice(0, 500) ?? ''}`;
    expect(response.status, what).not.toBe(500);
    seen.set(`${response.status}`, (seen.get(`${response.status}`) ?? 0) + 1);
    if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
      abort.abort();
      return;
    }
    const text = await response.text();
    if (request.method !== 'HEAD') expectDocumented(request.method, url.pathname, response, text);
  };
  for (let at = 0; at < requests.length; at += AT_ONCE)
    await Promise.all(requests.slice(at, at + AT_ONCE).map(send));
  // A generator that only makes refusals would prove little.
  for (const status of ['200', '201', '204', '400', '401', '404', '409', '415', '422'])
    expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
  expect((await api.call('GET', '/readyz')).status).toBe(200);
});
