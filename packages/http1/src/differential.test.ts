import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareReadings, STRICTNESSES } from './testing/compare-readings.ts';
import { AMBIGUOUS_REQUESTS, AMBIGUOUS_RESPONSES, REAL_REQUESTS, REAL_RESPONSES } from './testing/corpus.ts';
import { readWithLlhttp } from './testing/llhttp-oracle.ts';
import { createDice, mutate } from './testing/mutate.ts';
import { type Direction, readMessages } from './testing/read-messages.ts';

/** Mutated inputs of each direction; `npm run fuzz:http1` sets more. */
const MUTATIONS = Number(process.env.POSTERN_FUZZ_HTTP1_MUTATIONS ?? 8_000);
/** Inputs that are made from one seed. */
const BATCH = 100;
/** `random`, or the seed that a failure was reported with. */
const SEED = process.env.POSTERN_FUZZ_SEED;
const seed = SEED === undefined ? 20_261_122 : SEED === 'random' ? Date.now() & 0x7fffffff : Number(SEED);

const requests: Direction = { kind: 'requests' };
const NEXT_REQUEST = 'GET /next HTTP/1.1\r\nHost: next\r\n\r\n';

const directions: readonly { readonly direction: Direction; readonly corpus: readonly string[] }[] = [
  { direction: requests, corpus: [...REAL_REQUESTS, ...AMBIGUOUS_REQUESTS.map(([, bytes]) => bytes)] },
  ...['GET', 'HEAD'].map((method) => ({
    direction: { kind: 'responses', method } as const,
    corpus: [...REAL_RESPONSES, ...AMBIGUOUS_RESPONSES.map(([, bytes]) => bytes)],
  })),
];

/** Compares one input, cut as given; throws where the two disagree. Gives the strictness that was met, or null. */
function check(text: string, cuts: readonly number[], direction: Direction): string | null {
  const bytes = Buffer.from(text, 'latin1');
  const ours = readMessages(bytes, cuts, direction);
  const comparison = compareReadings(ours, readWithLlhttp(Buffer.from(bytes), direction), bytes);
  if (comparison.verdict === 'disagree') {
    throw new Error(`${comparison.why}\n${JSON.stringify({ text, cuts, ours })}`);
  }
  return comparison.verdict === 'stricter' ? comparison.fault : null;
}

describe.each(directions)('$direction', ({ direction, corpus }) => {
  const share = direction.kind === 'requests' ? MUTATIONS : MUTATIONS / 4;

  test('every message of the corpus, whole, byte by byte and followed by another, is understood as llhttp does', () => {
    for (const text of corpus) {
      const bytewise = Array.from({ length: text.length }, (_, index) => index);
      for (const cuts of [[], bytewise, [Math.floor(text.length / 2)]]) {
        check(text, cuts, direction);
        check(direction.kind === 'requests' ? text + NEXT_REQUEST : text + text, cuts, direction);
      }
    }
  });

  test(`where both accept a mutated message they agree, and llhttp refuses none that we accept (${share})`, () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(fc.integer(), (batchSeed) => {
        const dice = createDice(batchSeed);
        for (let left = BATCH; left > 0; left -= 1) {
          const text = corpus[dice(corpus.length)] ?? '';
          const mutated = mutate(text, corpus[dice(corpus.length)] ?? '', dice);
          const cuts = Array.from({ length: dice(4) }, () => dice(mutated.length + 1));
          const fault = check(
            direction.kind === 'requests' ? mutated + NEXT_REQUEST : mutated,
            cuts,
            direction,
          );
          if (fault !== null) met.add(fault);
        }
      }),
      { numRuns: Math.ceil(share / BATCH), seed, endOnFailure: true },
    );
    for (const fault of met) expect(Object.keys(STRICTNESSES)).toContain(fault);
  });
});
