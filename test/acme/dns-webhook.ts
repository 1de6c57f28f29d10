import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ChallengeServer } from './challtestsrv.ts';

/** A webhook for TXT records, over the DNS of a challtestsrv. */
export interface DnsWebhook extends AsyncDisposable {
  readonly url: string;
  /** `NAME VALUE` of those there are. */
  records(): string[];
}

export async function startDnsWebhook(answers: ChallengeServer): Promise<DnsWebhook> {
  const records = new Set<string>();
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const part of request) text += String(part);
      const { action, type, name, value } = JSON.parse(text) as Record<string, string>;
      if (type !== 'TXT') throw new Error(`a record of type ${type}`);
      if (action === 'add') records.add(`${name} ${value}`);
      else records.delete(`${name} ${value}`);
      // challtestsrv removes a name whole.
      await answers.set('clear-txt', { host: `${name}.` });
      for (const record of records) {
        const [host, content] = record.split(' ');
        if (host === name) await answers.set('set-txt', { host: `${name}.`, value: content });
      }
      response.writeHead(204).end();
    })().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/txt`,
    records: () => [...records],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
