import type { Evaluation } from '@postern/admission';
import type { HostDocument, Hostname } from '@postern/contracts';
import { expect, test } from 'vitest';
import { type ClientIdentity, type Connection, ConnectionUse, type ServedHost } from '../connection.ts';
import { upstreamTo } from '../testing/edge-fixture.ts';
import { evaluationOf } from '../testing/evaluation-of.ts';
import { NO_BODY, NO_WRITER } from '../upstream/body.ts';
import { ListedFields } from '../upstream/fields.ts';
import type { UpstreamCall } from '../upstream/upstream-call.ts';
import type { AccessEntry } from './access-line.ts';
import { createAccessLog } from './access-log.ts';
import type { Exchange } from './exchange.ts';
import { createRequestHandler } from './handle-request.ts';
import { HTTP_LIMITS } from './http-limits.ts';
import { UpgradeRelays } from './relay-upgrade.ts';

const HOST = 'a.example.org' as Hostname;
const NOW = 1_000_000;
const demand = { mode: 'require' as const, trustBundle: 'bundle', subjectMatches: null };
const client: ClientIdentity = {
  leafDer: Buffer.from('leaf'),
  presented: { chain: [], openssl: { good: true } },
  chainDer: [],
  names: { commonNames: ['a'], dnsNames: [] },
  fingerprint: 'ff',
  validUntil: NOW + 1,
};

const untrusted: Partial<Evaluation> = {
  verdict: 'refuse',
  reason: 'certificate_untrusted',
  refusedAt: 'handshake',
};

/** What happens to one request on an open connection. */
async function outcomeOf(
  served: { demands?: boolean; evaluation?: Partial<Evaluation> } | null,
  shown: ClientIdentity | null,
  isOpen = true,
): Promise<string> {
  const calls: string[] = [];
  const document: HostDocument = {
    host: HOST,
    project: 'p',
    route: 'r',
    closed: null,
    certificate: 'c',
    clientCertificate: served?.demands === true ? demand : null,
    httpBasic: null,
    cors: null,
    rules: [{ name: null, prefix: '/', service: 's', enableWebsockets: false }],
    services: { s: upstreamTo('http', 1) },
  };
  const host: ServedHost = {
    document,
    revision: 1,
    policyVersion: 'v1',
    hasRuleCas: false,
    judgeRule: () => ({ verdict: 'admit', validUntil: NOW + 1, matchedBy: null }),
    evaluate: () => evaluationOf({ validUntil: NOW + 1, ...served?.evaluation }),
    evaluateForRule: () => evaluationOf({ validUntil: NOW + 1, ...served?.evaluation }),
  };
  const servingOf = createRequestHandler({
    hosts: { changes: 0, get: () => (served === null ? undefined : host) },
    upstreams: {
      call() {
        calls.push('forwarded');
        if (isOpen) throw new Error('far enough');
        return { start: () => calls.push('sent'), abort: () => undefined } as unknown as UpstreamCall;
      },
      close: () => undefined,
    },
    upgrades: new UpgradeRelays(),
    accessLog: createAccessLog('off'),
    identityTokens: { tokenOf: () => null },
    ledger: { refuse: () => ({ id: null, nth: 1, delayMs: 0 }), see: () => undefined },
    publicHttpsPort: 443,
    log: { error: () => undefined, warn: () => undefined },
    pace: HTTP_LIMITS,
    now: () => NOW,
    onFinished: ({ code, aborted }: AccessEntry) => void calls.push(code ?? (aborted ? 'aborted' : 'whole')),
  });
  const exchange: Exchange = {
    id: 'id',
    protocol: 'HTTP/2',
    method: 'GET',
    target: '/',
    authority: null,
    scheme: 'https',
    fields: new ListedFields([['Host', HOST]]),
    http1Head: null,
    fault: null,
    hasBody: false,
    body: NO_BODY,
    trailers: () => [],
    upgrade: null,
    isOpen: () => isOpen,
    onAborted: () => undefined,
    inform: () => undefined,
    respond: () => NO_WRITER,
    relay: () => NO_WRITER,
    end: () => undefined,
    abort: () => undefined,
    dismiss: () => void calls.push('dismissed'),
  };
  const connection = {
    sni: HOST,
    client: shown,
    clientAddress: '::1',
    use: new ConnectionUse(),
  } as unknown as Connection;
  await new Promise<void>((resolve) => servingOf(connection)(exchange, resolve));
  return calls.join(' ');
}

test.each([
  ['the host is gone', null, null],
  ['the host asks for no certificate any more', { evaluation: untrusted }, client],
  ['no CA of the host vouches for the client any more', { demands: true, evaluation: untrusted }, client],
  ['the host demands a certificate and the connection has none', { demands: true }, null],
  ['the certificate of the client has expired', { demands: true, evaluation: { validUntil: NOW } }, client],
])('when %s, the connection is ended and nothing is forwarded', async (_name, served, shown) => {
  expect(await outcomeOf(served, shown)).toBe('dismissed unavailable');
});

test('a connection under the present policy is served', async () => {
  expect(await outcomeOf({}, null)).toBe('forwarded internal');
  expect(await outcomeOf({ demands: true }, client)).toBe('forwarded internal');
});

test('a request whose client has gone before it is forwarded is not sent, and logged as aborted', async () => {
  expect(await outcomeOf({}, null, false)).toBe('forwarded aborted');
});
