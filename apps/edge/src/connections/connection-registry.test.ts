import { once } from 'node:events';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Evaluation } from '@postern/admission';
import type { HostDocument, Hostname } from '@postern/contracts';
import { beforeEach, expect, test, vi } from 'vitest';
import { type ClientIdentity, type Connection, ConnectionUse, type ServedHost } from '../connection.ts';
import type { ChangedIds } from '../hosts/host-table.ts';
import { evaluationOf } from '../testing/evaluation-of.ts';
import { hostDocumentOf } from '../testing/feed-documents.ts';
import { grownBy } from '../testing/grown-by.ts';
import { ConnectionRegistry } from './connection-registry.ts';
import { noteRequest } from './first-request.ts';
import { noteUsedRule } from './used-rules.ts';

const GRACE_MS = 50;
const FIRST_REQUEST_MS = 200;

let hosts: Map<string, ServedHost>;
let registry: ConnectionRegistry;
/** Whom the registry told of, and why. */
let refused: string[];
/** Names whose host is kept for their connections. */
let held: string[];
let nowMs: number;
/** Until when clients are admitted as the host judges them now. */
let validUntilMs: number;

beforeEach(() => {
  hosts = new Map();
  nowMs = 1_000;
  validUntilMs = 2_000;
  registry = new ConnectionRegistry({
    hosts: {
      get: (name) => hosts.get(name),
      hold(name) {
        held.push(name);
        return () => void held.splice(held.indexOf(name), 1);
      },
    },
    graceMs: GRACE_MS,
    firstRequestMs: FIRST_REQUEST_MS,
    now: () => nowMs,
    onRefused: ({ sni }, { policyVersion }, { reason, rule }) =>
      void refused.push(`${sni} ${policyVersion} ${reason} ${rule}`),
  });
  refused = [];
  held = [];
});

/** A host that admits every client under policy `v1`, and nobody under another. */
function serve(sni: string, policyVersion: string, document: Partial<HostDocument> = {}): HostDocument {
  const whole = hostDocumentOf(sni, document);
  const evaluate = () =>
    policyVersion === 'v1'
      ? evaluationOf({ validUntil: validUntilMs })
      : evaluationOf({ verdict: 'refuse', reason: 'certificate_untrusted', refusedAt: 'handshake' });
  hosts.set(sni, {
    document: whole,
    revision: 1,
    policyVersion,
    hasRuleCas: false,
    judgeRule: () => ({ verdict: 'admit', validUntil: validUntilMs, matchedBy: null }),
    evaluate,
    evaluateForRule: evaluate,
  });
  return whole;
}

const CLIENT: ClientIdentity = {
  leafDer: Buffer.alloc(0),
  presented: { chain: [], openssl: { good: true } },
  chainDer: [],
  names: { commonNames: [], dnsNames: [] },
  fingerprint: '',
  validUntil: 2_000,
};

/** A served connection; `drains` counts how often it was asked to end. */
function open(
  sni: string,
  document: HostDocument,
  onDrain = () => {},
  client: ClientIdentity | null = CLIENT,
  presented = client?.presented ?? null,
) {
  const socket = new Socket() as TLSSocket;
  const connection: Connection = {
    id: sni,
    socket,
    protocol: 'h2',
    sni: sni as Hostname,
    clientAddress: '127.0.0.1',
    clientPort: 1,
    tlsVersion: 'TLSv1.3',
    tlsCipher: 'TLS_AES_128_GCM_SHA256',
    client,
    presented,
    use: new ConnectionUse(),
  };
  const opened = { connection, socket, drains: 0 };
  registry.add(connection, { document, policyVersion: 'v1' }, () => {
    opened.drains += 1;
    onDrain();
  });
  return opened;
}

const demand = (trustBundle: string) => ({ mode: 'require' as const, trustBundle, subjectMatches: null });

test.each<[string, ChangedIds]>([
  ['its host', [{ kind: 'host', id: 'a.example.org' }]],
  ['the wildcard it was made for', [{ kind: 'host', id: '*.example.org' }]],
  ['its trust bundle', [{ kind: 'trust-bundle', id: 'ca' }]],
  ['everything', 'all'],
])('a change of %s ends connections whose client is admitted no more, and only those', async (_, change) => {
  const document = serve('a.example.org', 'v1', { clientCertificate: demand('ca') });
  const concerned = open('a.example.org', document);
  const bystander = open('b.example.net', serve('b.example.net', 'v1'));
  registry.recheck(change);
  expect(concerned.drains).toBe(0);
  serve('a.example.org', 'v2', { clientCertificate: demand('ca') });
  registry.recheck([
    { kind: 'host', id: '*.example.net' },
    { kind: 'host', id: 'c.example.org' },
    { kind: 'trust-bundle', id: 'other' },
  ]);
  expect(concerned.drains).toBe(0);
  registry.recheck(change);
  registry.recheck(change);
  // On a busy machine in more than one slice.
  await vi.waitFor(() => expect(concerned.drains).toBe(1), { timeout: 30_000 });
  expect(bystander.drains).toBe(0);
  // Told once, with the verdict of now.
  expect(refused).toEqual(['a.example.org v2 certificate_untrusted null']);
});

test('connections of one name are found by what its newest document names, those from before too, until they close', async () => {
  const first = open('a.example.org', serve('a.example.org', 'v1', { clientCertificate: demand('old') }));
  const document = serve('a.example.org', 'v1', { clientCertificate: demand('new') });
  registry.recheck([{ kind: 'host', id: 'a.example.org' }]);
  const [second, third] = [open('a.example.org', document), open('a.example.org', document)];
  first.socket.destroy();
  await once(first.socket, 'close');
  expect(held).toEqual(['a.example.org']);
  serve('a.example.org', 'v2', { clientCertificate: demand('new') });
  registry.recheck([{ kind: 'trust-bundle', id: 'old' }]);
  expect([first.drains, second.drains, third.drains]).toEqual([0, 0, 0]);
  registry.recheck([{ kind: 'trust-bundle', id: 'new' }]);
  await vi.waitFor(() => expect([first.drains, second.drains, third.drains]).toEqual([0, 1, 1]), {
    timeout: 30_000,
  });
  for (const { socket } of [second, third]) {
    socket.destroy();
    await once(socket, 'close');
  }
  registry.endExpired();
  expect(held).toEqual([]);
});

test('whose host is gone is ended, and nobody is told to be refused', () => {
  const connection = open('a.example.org', serve('a.example.org', 'v1'));
  hosts.delete('a.example.org');
  registry.recheck('all');
  expect([connection.drains, refused]).toEqual([1, []]);
});

test('a connection is followed by the document its host has now', () => {
  const connection = open(
    'a.example.org',
    serve('a.example.org', 'v1', { clientCertificate: demand('old') }),
  );
  serve('a.example.org', 'v1', { clientCertificate: demand('new') });
  registry.recheck([{ kind: 'host', id: 'a.example.org' }]);
  serve('a.example.org', 'v2', { clientCertificate: demand('new') });
  registry.recheck([{ kind: 'trust-bundle', id: 'old' }]);
  expect(connection.drains).toBe(0);
  registry.recheck([{ kind: 'trust-bundle', id: 'new' }]);
  expect(connection.drains).toBe(1);
});

test('what does not end by itself is cut off after the grace, what fails to drain at once', async () => {
  const slow = open('a.example.org', serve('a.example.org', 'v1'));
  const failing = open('a.example.org', serve('a.example.org', 'v1'), () => {
    throw new Error('made up');
  });
  const last = open('a.example.org', serve('a.example.org', 'v1'));
  hosts.clear();
  registry.recheck('all');
  expect(failing.socket.destroyed).toBe(true);
  expect(last.drains).toBe(1);
  expect(slow.socket.destroyed).toBe(false);
  await once(slow.socket, 'close');
});

test('a certificate that has ended ends its connection', () => {
  const connection = open('a.example.org', serve('a.example.org', 'v1'));
  nowMs = 1_999;
  registry.endExpired();
  expect(connection.drains).toBe(0);
  nowMs = 2_000;
  registry.endExpired();
  expect(connection.drains).toBe(1);
});

test('a client whom another path admits for longer keeps its connection until that ends', () => {
  const connection = open('a.example.org', serve('a.example.org', 'v1'));
  validUntilMs = 3_000;
  nowMs = 2_000;
  registry.endExpired();
  expect(connection.drains).toBe(0);
  validUntilMs = 2_500;
  registry.recheck('all');
  nowMs = 2_500;
  registry.endExpired();
  expect(connection.drains).toBe(1);
});

test('a connection without a client stands on an open host alone', () => {
  const document = serve('a.example.org', 'v1');
  const connection = open('a.example.org', document, () => {}, null);
  registry.recheck('all');
  expect(connection.drains).toBe(0);
  serve('a.example.org', 'v1', { clientCertificate: demand('ca') });
  registry.recheck('all');
  expect(connection.drains).toBe(1);
});

test('whom an observed host let in is ended with the true reason once it enforces, and with none where it must only come anew', () => {
  const observed = { clientCertificate: { ...demand('ca'), observe: true as const } };
  const document = serve('a.example.org', 'v1', observed);
  const stranger = open('a.example.org', document, () => {}, null, CLIENT.presented);
  registry.recheck('all');
  expect(stranger.drains).toBe(0);
  serve('a.example.org', 'v2', { clientCertificate: demand('ca') });
  registry.recheck('all');
  expect([stranger.drains, refused]).toEqual([1, ['a.example.org v2 certificate_untrusted null']]);
  const admittedNow = open(
    'b.example.org',
    serve('b.example.org', 'v1', observed),
    () => {},
    null,
    CLIENT.presented,
  );
  serve('b.example.org', 'v1', { clientCertificate: demand('ca') });
  registry.recheck('all');
  expect([admittedNow.drains, refused.length]).toEqual([1, 1]);
});

test('draining ends who has asked at once, the late ones too, and who has yet to ask after one answer or a short while', async () => {
  const document = serve('a.example.org', 'v1');
  const early = open('a.example.org', document);
  const asking = open('a.example.org', document);
  const silent = open('a.example.org', document);
  noteRequest(early.connection);
  registry.drainAll();
  const late = open('a.example.org', document);
  const drains = () => [early, asking, silent, late].map((each) => each.drains);
  expect(drains()).toEqual([1, 0, 0, 0]);
  noteRequest(asking.connection);
  noteRequest(asking.connection);
  noteRequest(late.connection);
  expect(drains()).toEqual([1, 1, 0, 1]);
  await vi.waitFor(() => expect(drains()).toEqual([1, 1, 1, 1]), { timeout: 30_000 });
});

test('where only rules demand certificates, the end of one ends what a demanding rule let through, and nothing else', () => {
  const rule = { name: null, prefix: '/p', service: 'echo', enableWebsockets: true };
  const demanding = { ...rule, clientCertificate: { trustBundle: 'ca' } };
  const sni = 'a.example.org';
  const mode = 'request' as const;
  const document = serve(sni, 'v1', {
    clientCertificate: { mode, trustBundle: null, subjectMatches: null },
    rules: [demanding],
  });
  const [using, idle] = [open(sni, document), open(sni, document)];
  noteUsedRule(using.connection, demanding, 1_500);
  const judgeBy = (evaluation: Evaluation) => {
    const served = hosts.get(sni);
    if (served !== undefined) hosts.set(sni, { ...served, evaluateForRule: () => evaluation });
  };
  judgeBy(evaluationOf({ names: CLIENT.names, validUntil: 2_000 }));
  nowMs = 1_600;
  // Another way to its CA holds for longer.
  registry.endExpired();
  expect([using.drains, idle.drains]).toEqual([0, 0]);
  judgeBy(evaluationOf({ verdict: 'refuse', reason: 'certificate_expired', refusedAt: 'request' }));
  nowMs = 2_000;
  registry.endExpired();
  expect([using.drains, idle.drains]).toEqual([1, 0]);
});

test('a connection that has closed is not followed any more', async () => {
  const document = serve('a.example.org', 'v1');
  const [first, second] = [open('a.example.org', document), open('a.example.org', document)];
  first.socket.destroy();
  await once(first.socket, 'close');
  hosts.clear();
  registry.recheck('all');
  expect([first.drains, second.drains]).toEqual([0, 1]);
});

test('after a full resync connections are judged in slices, a single change before the rest, and all of them in the end', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `${index}.example.org`);
  const get = (name: string) => {
    // A host that is made anew takes its time.
    for (const until = performance.now() + 8; performance.now() < until; );
    return hosts.get(name);
  };
  registry = new ConnectionRegistry({
    hosts: { get, hold: () => () => {} },
    graceMs: GRACE_MS,
    firstRequestMs: FIRST_REQUEST_MS,
    now: () => nowMs,
  });
  const again = names.map((name) => open(name, serve(name, 'v1')));
  hosts.clear();
  const drained = () =>
    again.map(({ drains }, index) => (drains > 0 ? index : -1)).filter((index) => index >= 0);
  registry.recheck('all');
  expect(drained().length).toBeLessThan(4);
  registry.recheck([{ kind: 'host', id: '11.example.org' }]);
  for (let turn = 0; turn < 3 && drained().length < 5; turn += 1) await new Promise(setImmediate);
  expect(drained()).toContain(11);
  while (drained().length < 12) await new Promise(setImmediate);
  expect(again.every(({ drains }) => drains === 1)).toBe(true);
});

test('connections that come and go leave nothing behind that young collections cannot take', () => {
  const document = serve('a.example.org', 'v1', { clientCertificate: demand('ca') });
  const { connection, socket } = open('a.example.org', document);
  const closes: (() => void)[] = [];
  const grown = grownBy(() => {
    const on = (_: string, close: () => void) => closes.push(close);
    // Each is as large as what hangs on a real one.
    const one = { ...connection, socket: { on, kept: new Array(100).fill(0) } as unknown as TLSSocket };
    registry.add(one, { document, policyVersion: 'v1' }, () => {});
    if (closes.length > 20) closes.shift()?.();
  });
  expect(grown).toBeLessThan(50);
  for (const close of closes) close();
  expect([...registry.connections()]).toEqual([connection]);
  socket.destroy();
});
