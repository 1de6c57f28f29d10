import { X509Certificate } from 'node:crypto';
import { openOpensslFolder } from '@postern/pki/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GeneratedChain, generatedChain } from '../../testing/generated-chain.ts';
import { verdictInHandshake, verdictsOfProgram } from '../../testing/openssl-verdicts.ts';
import { readAnchors } from './path-node.ts';
import type { PathResult } from './path-result.ts';
import { validatePath } from './validate-path.ts';

/** Chains; `npm run fuzz:admission` takes more. */
const HANDSHAKES = Number(process.env.POSTERN_FUZZ_HANDSHAKES ?? 2_000);
const PROGRAM_RUNS = Number(process.env.POSTERN_FUZZ_PROGRAM_RUNS ?? 150);
/** The same chains in every run of the suite; `random` for others. */
const SEED =
  process.env.POSTERN_FUZZ_SEED === 'random' ? undefined : Number(process.env.POSTERN_FUZZ_SEED ?? 5280);

/** Where ours refuses what OpenSSL admits: the rows of docs/admission.md, by what fails. Anything else is a fault. */
const STRICTER: readonly RegExp[] = [
  /^leaf_is_no_ca: /,
  /^is_ca: (X\.509 version 1|not a CA: basicConstraints)/,
  /^key_strength: EC on the curve 1\.3\.132\.0\.10$/,
  /^critical_extensions: extension 2\.5\.29\.36 /,
  /^name_constraints: dns "(other\.example|client\.acme\.org|x\.acme\.org\.?)" is (excluded|not among)/,
  /^name_constraints: dns "\*\.acme\.org" is excluded/,
];

function judge({ leaf, sent, anchors }: GeneratedChain): PathResult {
  return validatePath({
    chain: [leaf, ...sent],
    anchors: readAnchors(anchors),
    now: Date.now(),
    purpose: 'clientAuth',
  });
}

/** The same client with nothing but the path that we found: one that is valid must now be good for OpenSSL as well. */
function onlyPath(chain: GeneratedChain, { path }: PathResult): GeneratedChain {
  const [, ...above] = path.map(({ der }) => der);
  const anchor = above.at(-1) ?? chain.leaf;
  return { ...chain, sent: above.slice(0, -1), anchors: [anchor] };
}

function describe(chain: GeneratedChain, result: PathResult, openssl: string): string {
  const failed = result.checks
    .filter((check) => check.result === 'fail')
    .map(({ name, detail }) => `${name}: ${detail}`);
  const base64 = (ders: readonly Buffer[]) => ders.map((der) => der.toString('base64'));
  return JSON.stringify({
    ours: result.verdict,
    failed,
    openssl,
    chain: base64([chain.leaf, ...chain.sent]),
    anchors: base64(chain.anchors),
  });
}

const sample = (count: number): GeneratedChain[] =>
  fc.sample(generatedChain, { numRuns: count, ...(SEED === undefined ? {} : { seed: SEED }) });

/** True when all that fails is what ours alone refuses. */
function isStricter({ checks }: PathResult): boolean {
  const failed = checks.filter(({ result }) => result === 'fail');
  return (
    failed.length > 0 &&
    failed.every(({ name, detail }) => STRICTER.some((row) => row.test(`${name}: ${detail}`)))
  );
}

/**
 * CAs of one name on one path (a CA that has changed its key): by the name alone OpenSSL takes the wrong one, even where nothing else
 * is sent.
 */
function hasNamesakes({ path }: PathResult): boolean {
  const names = path.slice(1).map(({ subject }) => subject);
  return new Set(names).size < names.length;
}

/** Only a root is an anchor to the program: a CA that another one, or another key of its own name, has signed is not. */
function isRoot(der: Buffer): boolean {
  const certificate = new X509Certificate(der);
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

test('OpenSSL in a handshake and our validation agree, but for the differences that docs/admission.md lists', {
  timeout: 400_000 + HANDSHAKES * 100,
}, async () => {
  const seen = { admit: 0, refuse: 0, chain_order: 0, stricter: 0 };
  for (const chain of sample(HANDSHAKES)) {
    const result = judge(chain);
    const openssl = await verdictInHandshake(chain);
    if ((openssl === 'good') === (result.verdict === 'admit')) {
      seen[result.verdict] += 1;
    } else if (result.verdict === 'admit') {
      const alone = await verdictInHandshake(onlyPath(chain, result));
      if (!hasNamesakes(result)) expect(alone, describe(chain, result, openssl)).toBe('good');
      seen.chain_order += 1;
    } else {
      expect(isStricter(result), describe(chain, result, openssl)).toBe(true);
      seen.stricter += 1;
    }
  }
  // Every kind is met, or the generator tests nothing.
  expect(
    Object.values(seen).every((count) => count > 0),
    JSON.stringify(seen),
  ).toBe(true);
  expect(seen.admit, JSON.stringify(seen)).toBeGreaterThan(HANDSHAKES / 20);
  if (process.env.POSTERN_FUZZ_HANDSHAKES !== undefined) console.log(JSON.stringify(seen));
});

test('the openssl program agrees too, with an intermediate as anchor (which it has no -partial_chain for) as the one further difference', () => {
  using folder = openOpensslFolder();
  const chains = sample(PROGRAM_RUNS);
  const verdicts = verdictsOfProgram(folder, chains);
  const again: { chain: GeneratedChain; result: PathResult; openssl: string }[] = [];
  for (const [index, chain] of chains.entries()) {
    const result = judge(chain);
    const openssl = verdicts[index] ?? '';
    if ((openssl === 'good') === (result.verdict === 'admit')) continue;
    if (result.verdict === 'admit') {
      if (!hasNamesakes(result) && isRoot(result.path.at(-1)?.der ?? chain.leaf))
        again.push({ chain: onlyPath(chain, result), result, openssl });
    } else {
      expect(isStricter(result), describe(chain, result, openssl)).toBe(true);
    }
  }
  const alone = verdictsOfProgram(
    folder,
    again.map(({ chain }) => chain),
  );
  for (const [index, { chain, result, openssl }] of again.entries()) {
    expect(alone[index], describe(chain, result, openssl)).toBe('good');
  }
}, 600_000);
