import { compileMatchers, readAnchors, validatePath } from '@postern/admission';
import { CA_EXTENSIONS, forgeCertificate, type KeyPair, newKey } from '@postern/admission/testing';
import { ClientEvaluator } from '../apps/edge/src/tls/client-evaluator.ts';
import { describeMachine } from './machine.ts';

// What does our own validation cost a handshake, cold and remembered? Run: npm run bench:admission [-- ROUNDS]
const rounds = Number(process.argv[2] ?? 2_000);

const [rootKey, middleKey, lowerKey, leafKey] = [newKey(), newKey(), newKey(), newKey()];
const issue = (
  subject: string,
  issuer: string,
  key: KeyPair,
  issuerKey: KeyPair,
  extensions = CA_EXTENSIONS,
): Buffer => forgeCertificate({ subject, issuer, key, issuerKey, extensions });
const root = issue('root', 'root', rootKey, rootKey);
const middle = issue('middle', 'root', middleKey, rootKey);
const lower = issue('lower', 'middle', lowerKey, middleKey);
const strangers = Array.from({ length: 20 }, (_, n) =>
  issue(`stranger ${n}`, `stranger ${n + 1}`, newKey(), newKey()),
);

const CASES: readonly (readonly [string, readonly Buffer[]])[] = [
  ['leaf under the anchor', [issue('client', 'root', leafKey, rootKey, [])]],
  ['one intermediate', [issue('client', 'middle', leafKey, middleKey, []), middle]],
  [
    'two intermediates, unordered, twenty strangers',
    [issue('client', 'lower', leafKey, lowerKey, []), ...strangers, middle, lower],
  ],
  ['a stranger (refused)', [issue('client', 'stranger 0', leafKey, leafKey, []), ...strangers]],
];
const bundle = { name: 'bench', contentHash: 'bench', anchors: readAnchors([root]) };

const matchers = compileMatchers([{ hasSuffix: '.acme.org' }, { exact: 'client' }]);
if (!matchers.ok) throw new Error('matchers');

/** Microseconds of processor time for one run, over many: other work of the machine does not count. */
function costOf(run: () => void): string {
  for (let warm = 0; warm < 200; warm += 1) run();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / rounds).toFixed(1);
}

const rows = CASES.map(([name, chain]) => {
  const now = Date.now();
  const cold = costOf(
    () => void validatePath({ chain, anchors: bundle.anchors, now, purpose: 'clientAuth' }),
  );
  const evaluator = new ClientEvaluator(Date.now);
  const client = { chain, openssl: { good: true } as const };
  const policy = { bundles: [bundle], matchers, revocations: null };
  const remembered = costOf(() => void evaluator.evaluate(client, policy));
  return `| ${name} | ${chain.length} | ${cold} | ${remembered} |`;
});
console.log(`${describeMachine()}; ${rounds} rounds.

| chain, P-256 | certificates sent | cold, CPU us | remembered, CPU us |
|---|---|---|---|
${rows.join('\n')}`);
