import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWebhookProvider } from './webhook-provider.ts';

let server: Server;
let url: string;
let status: number;
const asked: { authorization: string | undefined; body: unknown }[] = [];

beforeEach(async () => {
  asked.length = 0;
  status = 204;
  server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const part of request) text += String(part);
      asked.push({ authorization: request.headers.authorization, body: JSON.parse(text) });
      response.writeHead(status, { location: '/elsewhere' }).end();
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/txt`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const record = { name: '_acme-challenge.a.test', value: 'v' };

test('the webhook is told action, record and token', async () => {
  const provider = createWebhookProvider({ url, token: 'secret', ttlSeconds: 60 });
  await provider.add(record);
  await provider.remove(record);
  const body = { type: 'TXT', ...record, ttl: 60 };
  expect(asked).toEqual([
    { authorization: 'Bearer secret', body: { action: 'add', ...body } },
    { authorization: 'Bearer secret', body: { action: 'remove', ...body } },
  ]);
});

test.each([[302], [401], [500]])('an answer %d is a failure, and no redirect is followed', async (answer) => {
  status = answer;
  const provider = createWebhookProvider({ url, token: null, ttlSeconds: 60 });
  await expect(provider.add(record)).rejects.toThrow(`it answered ${answer}`);
  expect(asked).toHaveLength(1);
});
