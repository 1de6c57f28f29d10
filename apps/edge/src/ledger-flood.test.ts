import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type HttpFixture, startHttpFixture } from './http/testing/http-fixture.ts';
import { LEDGER_LIMITS } from './ledger/ledger-limits.ts';
import { type CertificateFiles, OpensslCertificates } from './testing/openssl-certificates.ts';

const REQUESTS = 400;

let http: HttpFixture;
let refused: CertificateFiles;

beforeAll(async () => {
  http = await startHttpFixture();
  const openssl = new OpensslCertificates(http.edge.directory);
  const ca = openssl.selfSigned('A');
  refused = openssl.signed(ca, 'other.acme.org');
  await http.putHost('a.example', 1, { anchors: [ca.cert], subjectMatches: [{ exact: 'client.acme.org' }] });
});
afterAll(() => http.close());

function open(): ClientHttp2Session {
  return connect(`https://127.0.0.1:${http.edge.port}`, {
    servername: 'a.example',
    cert: readFileSync(refused.cert),
    key: readFileSync(refused.key),
    rejectUnauthorized: false,
  });
}

/** The refusal that answers one request, and when. */
function ask(session: ClientHttp2Session): Promise<{ id: string; at: number }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/', ':authority': 'a.example' });
    let body = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    stream.on('error', reject);
    stream.on('end', () =>
      resolve({ id: (JSON.parse(body) as { refusal: string }).refusal, at: performance.now() }),
    );
  });
}

test('a flood on kept connections is answered slowly, counted honestly, and fills neither ledger nor access log', async () => {
  const sessions = Array.from({ length: 4 }, open);
  try {
    const startedAt = performance.now();
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, (_, index) => ask(sessions[index % 4] ?? open())),
    );
    const lastedMs = Math.max(...answers.map(({ at }) => at)) - startedAt;
    const minutes = new Set(answers.map(({ id }) => id)).size;
    expect(minutes).toBeLessThanOrEqual(2);
    const pacedMs = (REQUESTS - minutes * LEDGER_LIMITS.answeredAtOnce) * LEDGER_LIMITS.answerEveryMs;
    expect(lastedMs).toBeGreaterThan(pacedMs * 0.9);

    const told = () => http.edge.ledger.flatMap(({ refusals }) => refusals);
    const sum = () => told().reduce((total, { count }) => total + count, 0);
    await vi.waitFor(() => expect(sum()).toBe(REQUESTS), 30_000);
    expect(new Set(told().map(({ id }) => id)).size).toBe(minutes);
    expect(http.entries.length).toBeLessThanOrEqual(10 * minutes);
  } finally {
    for (const session of sessions) session.destroy();
  }
});
