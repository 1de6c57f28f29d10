import type { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  authorityKeyId,
  basicConstraints,
  der,
  extension,
  forgeCertificate,
  type KeyPair,
  keyUsage,
  newKey,
  subjectKeyId,
} from '../testing/forge-certificate.ts';
import { type GeneratedChain, generatedChain } from '../testing/generated-chain.ts';
import { inHandshake, verifyErrorOf } from '../testing/openssl-verdicts.ts';
import { evaluateClient } from './evaluate-client.ts';
import type { Evaluation } from './evaluation.ts';
import type { ClientPolicy, PresentedClient } from './evaluation-input.ts';
import { readAnchors } from './path/path-node.ts';
import { predictHandshake } from './predict-handshake.ts';

/** Chains; `npm run fuzz:admission` takes more. */
const HANDSHAKES = Number(process.env.POSTERN_FUZZ_HANDSHAKES ?? 500);
const SEED =
  process.env.POSTERN_FUZZ_SEED === 'random' ? undefined : Number(process.env.POSTERN_FUZZ_SEED ?? 5280);

/** What an edge reads of a handshake. */
function readClient(socket: TLSSocket): PresentedClient {
  const code = verifyErrorOf(socket);
  const leaf = socket.getPeerX509Certificate();
  const chain: Buffer[] = [];
  for (let next = leaf; next !== undefined; next = next.issuerCertificate) chain.push(next.raw);
  return { chain, openssl: code === 'good' ? { good: true } : { good: false, code, detail: code } };
}

function describe({ leaf, sent, anchors }: GeneratedChain): string {
  const base64 = (ders: readonly Buffer[]) => ders.map((der) => der.toString('base64'));
  return JSON.stringify({ chain: base64([leaf, ...sent]), anchors: base64(anchors) });
}

/** What is said of the files, and what the handshake then comes to; null where no client shows its leaf. */
async function judgeBoth(chain: GeneratedChain): Promise<{ said: Evaluation; done: Evaluation } | null> {
  const real = await inHandshake(chain, readClient);
  // A leaf so weak that no client shows it.
  if (typeof real === 'string') return null;
  const anchors = readAnchors(chain.anchors);
  const bundle = { name: 'ca', contentHash: 'ca', anchors };
  const policy: ClientPolicy = { bundles: [bundle], matchers: null, revocations: null };
  const now = Date.now();
  const predicted = predictHandshake([chain.leaf, ...chain.sent], anchors, now);
  return { said: evaluateClient(predicted, policy, now), done: evaluateClient(real, policy, now) };
}

test('a way up to what OpenSSL alone takes for a good CA is a good one to it: ours is then found beside it', async () => {
  const [key, rootKey, leafKey] = [newKey(), newKey(), newKey()];
  const isCa = [basicConstraints(true)];
  const root = forgeCertificate({ ...named('B', 'B', rootKey, rootKey), extensions: isCa });
  const ca = forgeCertificate({ ...named('B', 'B', key, rootKey), extensions: isCa });
  const leaf = forgeCertificate(named('leaf', 'B', leafKey, key));
  const oldRoot = forgeCertificate({ ...named('B', 'B', key, key), version: 1 });
  const signer = forgeCertificate({ ...named('B', 'B', key, key), extensions: [keyUsage(0x06)] });
  const policies = extension('2.5.29.36', der(0x30, der(0x80, Buffer.from([0]))), { critical: true });
  const constrained = forgeCertificate({ ...named('B', 'B', key, key), extensions: [...isCa, policies] });
  for (const loose of [oldRoot, signer, constrained]) {
    const both = await judgeBoth({ leaf, leafKey, sent: [root, ca], anchors: [loose, root] });
    expect(both).toMatchObject({ said: { verdict: 'admit' }, done: { verdict: 'admit' } });
  }
});

test('of CAs of one name OpenSSL takes the first, also one that may not sign', async () => {
  const [key, otherKey, leafKey] = [newKey(), newKey(), newKey()];
  const ca = forgeCertificate({ ...named('B', 'B', key, key), extensions: [basicConstraints(true)] });
  const extensions = [basicConstraints(true), keyUsage(0x80)];
  const noSigner = forgeCertificate({ ...named('B', 'B', otherKey, otherKey), extensions });
  const leaf = forgeCertificate(named('leaf', 'B', leafKey, key));
  for (const [anchors, verdict] of [
    [[noSigner, ca], 'refuse'],
    [[ca, noSigner], 'admit'],
  ] as const) {
    const both = await judgeBoth({ leaf, leafKey, sent: [], anchors });
    expect(both).toMatchObject({ said: { verdict }, done: { verdict } });
  }
});

test('a detour that OpenSSL takes is judged, not the shorter way inside it', async () => {
  const [key, otherKey, rootKey, leafKey] = [newKey(), newKey(), newKey(), newKey()];
  const isCa = basicConstraints(true);
  const root = forgeCertificate({ ...named('B', 'B', rootKey, rootKey), extensions: [isCa] });
  const ca = forgeCertificate({ ...named('C', 'B', key, rootKey), extensions: [isCa] });
  const ids = [subjectKeyId('one'), authorityKeyId('other')];
  const detour = forgeCertificate({ ...named('C', 'C', otherKey, otherKey), extensions: [isCa, ...ids] });
  const leaf = forgeCertificate(named('leaf', 'C', leafKey, key));
  const both = await judgeBoth({ leaf, leafKey, sent: [detour, ca], anchors: [root] });
  expect(both).toMatchObject({ said: { reason: 'chain_order' }, done: { reason: 'chain_order' } });
});

function named(subject: string, issuer: string, key: KeyPair, issuerKey: KeyPair) {
  return { subject, issuer, key, issuerKey };
}

test('a verdict on files is the verdict on the handshake', {
  timeout: 400_000 + HANDSHAKES * 100,
}, async () => {
  const seen: Record<string, number> = {};
  let otherReasons = 0;
  for (const chain of fc.sample(generatedChain, {
    numRuns: HANDSHAKES,
    ...(SEED === undefined ? {} : { seed: SEED }),
  })) {
    const both = await judgeBoth(chain);
    if (both === null) continue;
    const { said, done } = both;
    expect(said.verdict, describe(chain)).toBe(done.verdict);
    if (said.reason !== done.reason) otherReasons += 1;
    const kind = done.reason ?? 'admit';
    seen[kind] = (seen[kind] ?? 0) + 1;
  }
  // Of several ways that fail, which fault is told may differ.
  expect(otherReasons, JSON.stringify(seen)).toBeLessThan(HANDSHAKES / 100);
  expect(Object.keys(seen), JSON.stringify(seen)).toEqual(
    expect.arrayContaining(['admit', 'chain_order', 'certificate_expired', 'certificate_untrusted']),
  );
});
