import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFieldFilter } from './field-filter.ts';
import { fieldLines } from './field-lines.ts';
import { type FieldPair, NEED_MORE } from './field-section.ts';
import { RequestHead } from './request-head.ts';
import { compareReadings, STRICTNESSES } from './testing/compare-readings.ts';
import {
  AMBIGUOUS_REQUESTS,
  AMBIGUOUS_RESPONSES,
  HOP_REQUESTS,
  REAL_REQUESTS,
  REAL_RESPONSES,
} from './testing/corpus.ts';
import { readWithLlhttp } from './testing/llhttp-oracle.ts';
import { createDice, mutate } from './testing/mutate.ts';
import { type Direction, readMessages, type SeenMessage } from './testing/read-messages.ts';
import { writeRequestHead } from './write-head.ts';

/** Mutated inputs of each direction; `npm run fuzz:http1` sets more. */
const MUTATIONS = Number(process.env.POSTERN_FUZZ_HTTP1_MUTATIONS ?? 8_000);
/** Milliseconds; on a busy machine a thousand inputs take a second. */
const TIMEOUT_MS = 60_000 + MUTATIONS;
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
  // A head that comes whole is read in the window, one whose first byte comes alone by states.
  if (cuts.length === 0) expect(readMessages(bytes, [1], direction), text).toEqual(ours);
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

  test(
    `where both accept a mutated message they agree, and llhttp refuses none that we accept (${share})`,
    () => {
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
    },
    TIMEOUT_MS,
  );
});

const OF_ONE_HOP =
  /^(connection|keep-alive|proxy-connection|proxy-authenticate|proxy-authorization|te|trailer|transfer-encoding|upgrade|http2-settings)$/i;
const CLAIM = /^(x[^a-z0-9]forwarded([^a-z0-9].*)?|client[^a-z0-9]cert)$|_/i;
const filter = createFieldFilter({
  aliasedNames: ['client-cert'],
  aliasedPrefixes: ['x-forwarded'],
  dropUnderscored: true,
});
const ours = fieldLines([['Client-Cert', 'ours']]);

/** The fields that must arrive of a request, by llhttp's reading of it: told anew, with strings. */
function fieldsToArrive({ fields }: SeenMessage): FieldPair[] {
  const valuesOf = (wanted: string): string[] =>
    fields.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []));
  const nominated = valuesOf('connection').flatMap((value) => value.toLowerCase().split(','));
  // Not `trim`: that takes 0xA0 away, too, which is obs-text and so part of no token.
  const isNominated = (name: string): boolean =>
    !['host', 'content-length'].includes(name) &&
    nominated.some((member) => member.replace(/^[ \t]+|[ \t]+$/g, '') === name);
  return [
    ...fields.filter(
      ([name]) => !OF_ONE_HOP.test(name) && !CLAIM.test(name) && !isNominated(name.toLowerCase()),
    ),
    ['Client-Cert', 'ours'],
    ...valuesOf('transfer-encoding').map((): FieldPair => ['Transfer-Encoding', 'chunked']),
  ];
}

/** Reads a request and writes it for the next hop, with a body and another request behind; undefined where it is refused. */
function relay(bytes: Buffer): Buffer | undefined {
  const head = new RequestHead();
  try {
    if (head.read(Buffer.from(bytes), 0) === NEED_MORE) return undefined;
  } catch {
    return undefined;
  }
  const written = writeRequestHead(head, { filter, hostLine: null, lines: [ours] });
  // A larger body is left out, and so is never whole.
  const bytesSent = head.contentLength > 0 && head.contentLength <= 4096 ? head.contentLength : 0;
  const body = { none: '', length: 'b'.repeat(bytesSent), chunked: '0\r\n\r\n', close: '' };
  return Buffer.concat([written, Buffer.from(body[head.bodyKind] + NEXT_REQUEST)]);
}

test(
  `what goes on of a mutated request is to llhttp that one request, less what must stay behind (${MUTATIONS / 2})`,
  () => {
    const corpus = [...REAL_REQUESTS, ...HOP_REQUESTS];
    let relayed = 0;
    fc.assert(
      fc.property(fc.integer(), (batchSeed) => {
        const dice = createDice(batchSeed);
        for (let left = BATCH; left > 0; left -= 1) {
          const mutated = mutate(corpus[dice(corpus.length)] ?? '', corpus[dice(corpus.length)] ?? '', dice);
          const bytes = Buffer.from(mutated, 'latin1');
          const wire = relay(bytes);
          if (wire === undefined) continue;
          const sent = readWithLlhttp(bytes, requests).messages[0];
          const [arrived, next] = readWithLlhttp(wire, requests).messages;
          if (sent === undefined || arrived === undefined)
            throw new Error(`unread: ${JSON.stringify(mutated)}`);
          relayed += 1;
          const target = sent.target.replace(/^https?:\/\/[^/?]*\/?/i, '/');
          expect([arrived.method, arrived.target, arrived.version], mutated).toEqual([
            sent.method,
            target,
            '1.1',
          ]);
          expect(arrived.fields, mutated).toEqual(fieldsToArrive(sent));
          if (arrived.whole) expect(next?.target, mutated).toBe('/next');
        }
      }),
      { numRuns: Math.ceil(MUTATIONS / 2 / BATCH), seed, endOnFailure: true },
    );
    expect(relayed).toBeGreaterThan(MUTATIONS / 10);
  },
  TIMEOUT_MS,
);
