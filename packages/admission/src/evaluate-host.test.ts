import type { CompiledRule, HostDocument, RevocationEntry } from '@postern/contracts';
import { expect, test } from 'vitest';
import { CA_EXTENSIONS, forgeCertificate, newKey } from '../testing/forge-certificate.ts';
import type { ClientBundle } from './client-path.ts';
import { hostPolicyOf } from './client-policy.ts';
import { evaluateForHost, evaluateForRule } from './evaluate-host.ts';
import { evaluateRequest, type RequestEvaluation } from './evaluate-request.ts';
import type { PresentedClient } from './evaluation-input.ts';
import { readAnchors } from './path/path-node.ts';
import { factsOf } from './revocation/certificate-facts.ts';
import { indexRevocations } from './revocation/revocation-index.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;
const [keyOne, keyTwo, keyOther, bridgeKey] = [newKey(), newKey(), newKey(), newKey()];
const root = (subject: string, key: typeof keyOne) =>
  forgeCertificate({ subject, issuer: subject, key, issuerKey: key, extensions: CA_EXTENSIONS });
const bundles = new Map<string, ClientBundle>(
  [
    ['one', keyOne],
    ['two', keyTwo],
  ].map(([name, key]) => {
    const id = name as string;
    return [id, { name: id, contentHash: id, anchors: readAnchors([root(id, key as typeof keyOne)]) }];
  }),
);
const leafOf = (issuer: string, issuerKey: typeof keyOne, notAfter = NOW + 9 * DAY_MS) =>
  forgeCertificate({ subject: 'jane', issuer, key: newKey(), issuerKey, notAfter });
const bridge = (issuer: string, issuerKey: typeof keyOne) =>
  forgeCertificate({ subject: 'bridge', issuer, key: bridgeKey, issuerKey, extensions: CA_EXTENSIONS });

type Ca = 'one' | 'two';
interface Client {
  readonly chain: readonly Buffer[];
  /** The CAs that vouch for it, all told. */
  readonly trustedBy: readonly Ca[];
  readonly revokedBy?: Ca | 'all';
}
const bothBridges = [bridge('one', keyOne), bridge('two', keyTwo)];
const CLIENTS: Record<string, Client> = {
  none: { chain: [], trustedBy: [] },
  'of one': { chain: [leafOf('one', keyOne)], trustedBy: ['one'] },
  'of two': { chain: [leafOf('two', keyTwo)], trustedBy: ['two'] },
  'of both': { chain: [leafOf('bridge', bridgeKey), ...bothBridges], trustedBy: ['one', 'two'] },
  'a stranger': { chain: [leafOf('other', keyOther)], trustedBy: [] },
  'expired, of one': { chain: [leafOf('one', keyOne, NOW - 1)], trustedBy: [] },
  'expired, of two': { chain: [leafOf('two', keyTwo, NOW - 1)], trustedBy: [] },
  'revoked, of two': { chain: [leafOf('two', keyTwo)], trustedBy: [], revokedBy: 'all' },
  'of both, revoked for one': {
    chain: [leafOf('bridge', bridgeKey), ...bothBridges],
    trustedBy: ['two'],
    revokedBy: 'one',
  },
};
const revoked: RevocationEntry[] = Object.values(CLIENTS).flatMap(({ chain: [leaf], revokedBy }, index) =>
  leaf === undefined || revokedBy === undefined
    ? []
    : [
        {
          ...{ id: String(index), reason: 'unspecified', route: null },
          client: { by: 'fingerprint', fingerprint: factsOf(leaf).fingerprint },
          ca: revokedBy === 'all' ? null : revokedBy,
        },
      ],
);
const sources = { bundles, revocations: indexRevocations(revoked), lists: [] };

interface Cell {
  readonly own: readonly Ca[];
  readonly ca: Ca | null;
  readonly subject: 'jane' | 'john' | null;
}

function documentOf({ own, ca, subject }: Cell): HostDocument {
  const demand = {
    ...(ca === null ? {} : { trustBundle: ca }),
    ...(subject === null ? {} : { subjectMatches: [{ exact: subject }] }),
  };
  const plain = (prefix: string): CompiledRule => ({
    ...{ name: null, prefix, service: prefix, enableWebsockets: false },
  });
  const [trustBundle = null, nextTrustBundle] = own;
  const isAsked = trustBundle !== null || ca !== null;
  return {
    ...{ host: 'a.example', project: 'p', route: 'r', closed: null, certificate: 'c', httpBasic: null },
    ...{ cors: null, services: {} },
    clientCertificate: isAsked
      ? {
          mode: trustBundle === null ? 'request' : 'require',
          ...{ trustBundle, subjectMatches: null },
          ...(nextTrustBundle === undefined ? {} : { nextTrustBundle }),
        }
      : null,
    rules: [
      { ...plain('/p'), ...(Object.keys(demand).length === 0 ? {} : { clientCertificate: demand }) },
      plain('/'),
    ],
  };
}

function shownOf({ chain, trustedBy, revokedBy }: Client, { own, ca }: Cell): PresentedClient {
  // OpenSSL knows all CAs of the host at once, and no revocations.
  const isGood =
    revokedBy !== undefined || [...own, ca].some((one) => one !== null && trustedBy.includes(one));
  const bad = { good: false, code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', detail: 'no issuer' } as const;
  return { chain, openssl: isGood ? { good: true } : bad };
}

function answered({ answer }: RequestEvaluation): string {
  if (answer.kind === 'service') return answer.rule.prefix;
  return answer.kind === 'problem' ? String(answer.status) : answer.kind;
}

/** What must come out, by sets alone. */
function expected({ own, ca, subject }: Cell, { trustedBy }: Client, target: string): string {
  const isDemanding = target.startsWith('/p');
  const fits = (cas: readonly Ca[]) => cas.some((one) => trustedBy.includes(one));
  if (own.length > 0 && !fits([...own, ...(ca === null ? [] : [ca])])) return 'handshake';
  if (target.includes('//') || target.includes('%') || target.includes('..')) return '400';
  const cas = isDemanding && ca !== null ? [ca] : own;
  if (cas.length > 0 && !fits(cas)) return '403';
  if (isDemanding && subject === 'john') return '403';
  return isDemanding ? '/p' : '/';
}

const CELLS: Cell[] = ([[], ['one'], ['one', 'two']] as const).flatMap((own) =>
  ([null, 'one', 'two'] as const).flatMap((ca) =>
    // Names are demanded beside a CA alone.
    ([null, 'jane', 'john'] as const)
      .filter((subject) => subject === null || own.length > 0 || ca !== null)
      .map((subject) => ({ own, ca, subject })),
  ),
);
const TARGETS = ['/', '/p', '/pretty', '//p', '/%70', '/q/../p'];

test('each rule admits the clients of its CA and of no other, whatever the host trusts besides and however the path is spelt', () => {
  let cells = 0;
  const wrong: unknown[] = [];
  for (const cell of CELLS) {
    const document = documentOf(cell);
    for (const [name, client] of Object.entries(CLIENTS)) {
      for (const target of TARGETS) {
        const request = {
          ...{ serverName: 'a.example', authority: 'a.example', method: 'GET', target, websocket: false },
          client: shownOf(client, cell),
        };
        const found = answered(evaluateRequest(document, request, { ...sources, now: NOW }));
        const due = expected(cell, client, target);
        if (found !== due) wrong.push({ ...cell, client: name, target, found, due });
        cells += 1;
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(cells).toBe(25 * 9 * 6);
});

function evaluated(cell: Cell, client: Client, prefix: '/p' | '/') {
  const document = documentOf(cell);
  const read = hostPolicyOf(document, sources);
  if (!read.ok) throw new Error('not usable');
  const rule = document.rules.find((one) => one.prefix === prefix) ?? null;
  return evaluateForRule(shownOf(client, cell), read.policy, rule, NOW);
}

const client = (name: string): Client => CLIENTS[name] ?? { chain: [], trustedBy: [] };
const mixed = { own: ['one'], ca: 'two', subject: null } as const;
const request = { own: [], ca: 'two', subject: null } as const;

test('who comes from another CA than is demanded is told so, with the CA, and has no identity there', () => {
  expect(evaluated(mixed, client('of one'), '/p')).toMatchObject({
    ...{ verdict: 'refuse', reason: 'ca_not_allowed', refusedAt: 'request', anchor: null, names: null },
    detail: 'the certificate leads to CN=one, not to CN=two',
    remedy: 'show a certificate issued below CN=two',
  });
  expect(evaluated(mixed, client('of one'), '/p')?.checks.at(-1)).toMatchObject({
    ...{ name: 'rule_ca', result: 'fail', certificate: 'CN=one' },
  });
  // A CA that only a rule names opens nothing else.
  expect(evaluated(mixed, client('of two'), '/')).toMatchObject({ reason: 'ca_not_allowed' });
  expect(evaluated(mixed, client('of both'), '/p')).toMatchObject({
    verdict: 'admit',
    anchor: { bundle: 'two' },
    checks: expect.arrayContaining([expect.objectContaining({ name: 'rule_ca', result: 'pass' })]),
  });
  expect(evaluated(mixed, client('of both'), '/')).toMatchObject({ anchor: { bundle: 'one' } });
});

test('whom the handshake refuses is told what would open the path that was asked for, not another', () => {
  const asked = (name: string, target: string) => {
    const about = { serverName: 'a.example', authority: 'a.example', method: 'GET', websocket: false };
    const shown = { ...about, target, client: shownOf(client(name), mixed) };
    return evaluateRequest(documentOf(mixed), shown, { ...sources, now: NOW });
  };
  expect(asked('none', '/')).toMatchObject({ client: { remedy: expect.stringContaining('below CN=one') } });
  for (const name of ['none', 'a stranger', 'expired, of one']) {
    expect(asked(name, '/p')).toMatchObject({
      answer: { kind: 'handshake' },
      client: { refusedAt: 'handshake', remedy: expect.stringContaining('below CN=two') },
    });
  }
});

test('a demanding rule of a host that only requests gives the true reason; its other rules demand nothing', () => {
  const reasons = Object.entries(CLIENTS).map(([name, one]) => [name, evaluated(request, one, '/p')?.reason]);
  expect(Object.fromEntries(reasons)).toEqual({
    none: 'certificate_missing',
    'of one': 'certificate_untrusted',
    'of two': null,
    'of both': null,
    'a stranger': 'certificate_untrusted',
    'expired, of one': 'certificate_untrusted',
    'expired, of two': 'certificate_expired',
    'revoked, of two': 'certificate_revoked',
    'of both, revoked for one': null,
  });
  for (const one of Object.values(CLIENTS)) expect(evaluated(request, one, '/')).toBeNull();
});

test("what TLS alone says admits nobody: OpenSSL's yes to a stranger is no yes of the rule", () => {
  const document = documentOf(request);
  const read = hostPolicyOf(document, sources);
  if (!read.ok) throw new Error('not usable');
  const [rule = null] = document.rules;
  const credulous = { chain: client('a stranger').chain, openssl: { good: true } } as const;
  expect(evaluateForRule(credulous, read.policy, rule, NOW)).toMatchObject({ verdict: 'refuse' });
  expect(evaluateForHost(credulous, read.policy, NOW)).toMatchObject({ verdict: 'refuse' });
  // And its no is one of ours.
  const doubted = { ...shownOf(client('of one'), mixed), chain: client('of two').chain };
  expect(evaluateForRule(doubted, read.policy, rule, NOW)?.verdict).toBe('admit');
  const refusing = { good: false, code: 'CERT_SIGNATURE_FAILURE', detail: 'bad' } as const;
  expect(evaluateForRule({ ...doubted, openssl: refusing }, read.policy, rule, NOW)).toMatchObject({
    reason: 'chain_order',
  });
});

test('a rule whose bundle is not there admits nobody', () => {
  const read = hostPolicyOf(documentOf(request), { ...sources, bundles: new Map() });
  if (!read.ok) throw new Error('not usable');
  const [rule = null] = documentOf(request).rules;
  const shown = { ...shownOf(client('of two'), request), openssl: { good: true } } as const;
  expect(evaluateForRule(shown, read.policy, rule, NOW)?.verdict).toBe('refuse');
  // Nor does one that the policy was not made of.
  const unknown = { clientCertificate: { trustBundle: 'unknown' } };
  expect(evaluateForRule(shown, read.policy, unknown, NOW)?.verdict).toBe('refuse');
});
