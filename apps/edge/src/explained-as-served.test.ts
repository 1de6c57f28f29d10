import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { compileMatchers, evaluateClient, predictHandshake, readAnchors } from '@postern/admission';
import { type GeneratedChain, generatedChain, pemOf } from '@postern/admission/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from './connection.ts';
import { answeringProtocol } from './testing/answering-protocol.ts';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';

const HOST = 'a.example';
const CASES = Number(process.env.POSTERN_FUZZ_HANDSHAKES ?? 120);
/** The same cases in every run of the suite; `random` for others, or the seed that a failure was reported with. */
const SEED =
  process.env.POSTERN_FUZZ_SEED === 'random' ? Date.now() : Number(process.env.POSTERN_FUZZ_SEED ?? 7);
const SUBJECT_MATCHES = [{ exact: 'client.acme.org' }, { hasPrefix: 'x.' }];

let edge: EdgeFixture;
/** Connections that were served. */
const served: Connection[] = [];

beforeAll(async () => {
  edge = await startEdgeFixture({
    protocol() {
      const { serve, ...rest } = answeringProtocol();
      return {
        ...rest,
        serve(connection) {
          served.push(connection);
          return serve(connection);
        },
      };
    },
  });
});
afterAll(() => edge?.close());

/** What this edge makes of a client: `admit`, `request` for one that a 403 answers, or `handshake`. */
async function servedVerdict({ leaf, leafKey, sent, anchors }: GeneratedChain): Promise<string> {
  const file = join(edge.directory, 'anchors.pem');
  writeFileSync(file, pemOf(...anchors));
  await edge.putHost(HOST, { anchors: [file], subjectMatches: SUBJECT_MATCHES });
  served.length = 0;
  const socket = connect({
    ...{ port: edge.port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false },
    ...{ ALPNProtocols: ['http/1.1'], cert: pemOf(leaf, ...sent) },
    key: leafKey.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    // Of its own, so that the client does not complete its chain.
    ca: pemOf(leaf),
  });
  socket.on('error', () => {});
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
  socket.resume();
  await once(socket, 'close');
  const [connection] = served;
  if (connection === undefined) return 'handshake';
  if (connection.client === null) return 'served without a client';
  return edge.worker.hosts.get(connection.sni)?.evaluate(connection.client.presented).refusedAt ?? 'admit';
}

/** What `explain` says of the same files. */
function explainedVerdict({ leaf, sent, anchors }: GeneratedChain): string {
  const now = Date.now();
  const trusted = readAnchors(anchors);
  const matchers = compileMatchers(SUBJECT_MATCHES);
  if (!matchers.ok) throw new Error('matchers');
  const bundles = [{ name: 'ca', contentHash: 'ca', anchors: trusted }];
  const client = predictHandshake([leaf, ...sent], trusted, now);
  return evaluateClient(client, { bundles, matchers, revocations: null }, now).refusedAt ?? 'admit';
}

test(`explain says of ${CASES} generated clients what this edge does with them (seed ${SEED})`, {
  timeout: 240_000 + CASES * 500,
}, async () => {
  const seen: Record<string, number> = {};
  for (const chain of fc.sample(generatedChain, { numRuns: CASES, seed: SEED })) {
    const certificates = [chain.leaf, ...chain.sent, ...chain.anchors];
    // Node 24 ends the process over a certificate on a curve without a NIST name (here secp256k1), when it is asked to show it.
    if (certificates.some((der) => der.includes(Buffer.from('06052b8104000a', 'hex')))) continue;
    // Nor does a client show what is as weak as this.
    const verdict = await servedVerdict(chain).catch((error: Error) => error.message);
    if (/md too weak|key too small/.test(verdict)) continue;
    const base64 = certificates.map((der) => der.toString('base64'));
    expect(explainedVerdict(chain), JSON.stringify(base64)).toBe(verdict);
    seen[verdict] = (seen[verdict] ?? 0) + 1;
  }
  expect(Object.keys(seen).toSorted(), JSON.stringify(seen)).toEqual(['admit', 'handshake', 'request']);
});
