import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import {
  type Change,
  DOCUMENT_FORMAT,
  type EdgeReport,
  edgeReport,
  type LedgerReport,
  ledgerReport,
} from '@postern/contracts';
import { type Authority, createLocalAuthority } from '@postern/pki';
import { hostDocumentOf, issueFor } from './feed-documents.ts';

/** The API as an edge sees it: `/v1/feed`, `/v1/reports` and `/v1/ledger`, over documents held in memory. */
export interface FeedStandIn {
  readonly url: string;
  readonly authority: Authority;
  readonly reports: EdgeReport[];
  readonly ledger: LedgerReport[];
  /** Serves an open host with a fresh certificate; gives the revision that carries it. Needs a connected edge. */
  putHost(host: string): Promise<number>;
  /** Any document, damaged ones too; a null body removes it. */
  put(kind: string, id: string, body: unknown, formatVersion?: number): number;
  /** Resolves when an edge follows. */
  connected(): Promise<void>;
  close(): Promise<void>;
}

export async function startFeedStandIn(): Promise<FeedStandIn> {
  const authority = await createLocalAuthority({ name: 'Stand-in CA', now: Date.now() });
  const documents = new Map<string, Change>();
  const followers = new Set<ServerResponse>();
  const reports: EdgeReport[] = [];
  const ledger: LedgerReport[] = [];
  let edgeKey: string | undefined;
  let revision = 0;
  let wake = () => {};
  const synced = () =>
    `event: synced\nid: E:${revision}\ndata: ${JSON.stringify({ epoch: 'E', revision })}\n\n`;
  const line = (change: Change) => `event: change\ndata: ${JSON.stringify(change)}\n\n`;
  const put = (kind: string, id: string, body: unknown, formatVersion = DOCUMENT_FORMAT) => {
    revision += 1;
    const change: Change = { epoch: 'E', revision, kind, id, formatVersion, body };
    documents.delete(`${kind} ${id}`);
    documents.set(`${kind} ${id}`, change);
    for (const follower of followers) follower.write(line(change) + synced());
    return revision;
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    if (request.headers.authorization !== 'Bearer edge-token') {
      response.writeHead(401).end();
      return;
    }
    if (url.pathname === '/v1/ledger') {
      const take = (body: unknown): void => {
        ledger.push(ledgerReport.parse(body));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"taken":true}');
      };
      // An edge may end in the middle of it.
      void json(request).then(take, () => response.destroy());
      return;
    }
    if (url.pathname === '/v1/reports') {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        const report = edgeReport.parse(JSON.parse(body));
        reports.push(report);
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ targetsUpTo: report.targets?.upTo ?? 0 }));
      });
      return;
    }
    edgeKey = String(request.headers['postern-edge-key']);
    const after = url.searchParams.get('after')?.split(':')[1];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (after === undefined) response.write(`event: resync\ndata: ${JSON.stringify({ epoch: 'E' })}\n\n`);
    for (const change of documents.values()) {
      if (change.revision > Number(after ?? 0)) response.write(line(change));
    }
    response.write(synced());
    followers.add(response);
    response.on('close', () => followers.delete(response));
    wake();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    authority,
    reports,
    ledger,
    put,
    async putHost(host) {
      if (edgeKey === undefined) throw new Error('no edge has connected yet');
      const id = `certificate-${host}`;
      put('certificate', id, await issueFor({ authority, edgeKey, id, host }));
      return put('host', host, hostDocumentOf(host));
    },
    async connected() {
      while (followers.size === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
