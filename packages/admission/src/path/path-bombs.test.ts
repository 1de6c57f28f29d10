import { X509Certificate } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import {
  alternativeNames,
  CA_EXTENSIONS,
  dns,
  forgeCertificate,
  type KeyPair,
  nameConstraints,
  newKey,
} from '../../testing/forge-certificate.ts';
import { readAnchors } from './path-node.ts';
import { validatePath } from './validate-path.ts';

/** Ten times the promise: a busy machine is slower, a search without bounds takes minutes. */
const LIMIT_MS = 500;

function issue(
  subject: string,
  issuer: string,
  key: KeyPair,
  issuerKey: KeyPair,
  extensions = CA_EXTENSIONS,
): Buffer {
  return forgeCertificate({ subject, issuer, key, issuerKey, extensions });
}

const KEYS = Array.from({ length: 33 }, () => newKey());
const [ROOT_KEY = newKey(), LEAF_KEY = newKey()] = KEYS;
const ROOT = issue('root', 'root', ROOT_KEY, ROOT_KEY);

/** Milliseconds of processor time, the least of three: the other work of the machine does not count. */
function costOf(chain: readonly Buffer[], anchors = readAnchors([ROOT])): { ms: number; verdict: string } {
  let ms = Number.POSITIVE_INFINITY;
  let verdict = '';
  for (let round = 0; round < 3; round += 1) {
    const before = process.cpuUsage();
    verdict = validatePath({ chain, anchors, now: Date.now(), purpose: 'clientAuth' }).verdict;
    const { user, system } = process.cpuUsage(before);
    ms = Math.min(ms, (user + system) / 1000);
  }
  return { ms, verdict };
}

const keyAt = (index: number): KeyPair => KEYS[index % KEYS.length] ?? ROOT_KEY;

test.each<[string, () => { chain: Buffer[] }]>([
  [
    'CAs of one name that all lead to one another',
    () => {
      const cas = Array.from({ length: 32 }, (_, n) => issue('A', 'A', keyAt(n + 1), keyAt(n + 2)));
      return { chain: [issue('client', 'A', LEAF_KEY, keyAt(5), []), ...cas] };
    },
  ],
  [
    'six CAs that have all signed one another, with no way out',
    () => {
      const pairs = [0, 1, 2, 3, 4, 5].flatMap((a) =>
        [0, 1, 2, 3, 4, 5].filter((b) => b !== a).map((b) => [a, b] as const),
      );
      const cas = pairs.map(([a, b]) => issue(`C${a}`, `C${b}`, keyAt(a), keyAt(b)));
      return { chain: [issue('client', 'C0', LEAF_KEY, keyAt(0), []), ...cas] };
    },
  ],
  [
    'impostors of the trusted CA whose every way ends at its name',
    () => {
      const cas = Array.from({ length: 32 }, (_, n) => issue('A', 'root', keyAt(n + 1), keyAt(n + 2)));
      return { chain: [issue('client', 'A', LEAF_KEY, LEAF_KEY, []), ...cas] };
    },
  ],
  [
    'P-521 everywhere',
    () => {
      const key = newKey('P-521');
      const cas = Array.from({ length: 32 }, (_, n) => issue('A', 'root', newKey('P-521'), keyAt(n + 2)));
      return { chain: [issue('client', 'A', LEAF_KEY, key, []), ...cas] };
    },
  ],
  [
    'thousands of names under thousands of limits',
    () => {
      const bases = Array.from({ length: 1500 }, (_, n) => dns(`n${n}.example`));
      const limited = issue('A', 'root', keyAt(3), ROOT_KEY, [
        ...CA_EXTENSIONS,
        nameConstraints({ excluded: bases }),
      ]);
      const names = alternativeNames(...Array.from({ length: 1500 }, (_, n) => dns(`a.m${n}.example`)));
      return { chain: [issue('client', 'A', LEAF_KEY, keyAt(3), [names]), limited] };
    },
  ],
])('a path bomb costs little and admits nobody: %s', (_, build) => {
  const { chain } = build();
  const { ms, verdict } = costOf(chain);
  expect(verdict).toBe('refuse');
  expect(ms).toBeLessThan(LIMIT_MS);
});

test('signature checks are bounded by what they cost: six of P-521, where 32 CAs could have signed', () => {
  const key = newKey('P-521');
  const cas = Array.from({ length: 32 }, (_, n) => issue('A', 'root', newKey('P-521'), keyAt(n + 2)));
  const verify = vi.spyOn(X509Certificate.prototype, 'verify');
  try {
    expect(costOf([issue('client', 'A', LEAF_KEY, key, []), ...cas]).verdict).toBe('refuse');
    // Three rounds.
    expect(verify.mock.calls.length).toBe(18);
  } finally {
    verify.mockRestore();
  }
});

test('no CA is met twice on one way: CAs that have all signed one another are searched to the end', () => {
  const indexes = [0, 1, 2, 3];
  const cas = indexes.flatMap((a) =>
    indexes.filter((b) => b !== a).map((b) => issue(`C${a}`, `C${b}`, keyAt(a), keyAt(b))),
  );
  const chain = [issue('client', 'C0', LEAF_KEY, keyAt(0), []), ...cas];
  const result = validatePath({
    chain,
    anchors: readAnchors([ROOT]),
    now: Date.now(),
    purpose: 'clientAuth',
  });
  expect(result).toMatchObject({ verdict: 'refuse', reason: 'certificate_untrusted' });
});

test('a good path among the same rubbish is still found', () => {
  const middle = issue('A', 'root', keyAt(3), ROOT_KEY);
  const rubbish = Array.from({ length: 25 }, (_, n) =>
    issue(`J${n % 5}`, `J${(n + 1) % 5}`, keyAt(n), keyAt(n + 1)),
  );
  const { ms, verdict } = costOf([issue('client', 'A', LEAF_KEY, keyAt(3), []), ...rubbish, middle]);
  expect(verdict).toBe('admit');
  expect(ms).toBeLessThan(LIMIT_MS);
});
