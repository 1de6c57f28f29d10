import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCertificatesPem, trustBundleOf } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEdgeEnv } from './env.ts';
import { type RunningEdge, startEdge } from './supervisor.ts';
import { hostDocumentOf } from './testing/feed-documents.ts';
import { type FeedStandIn, startFeedStandIn } from './testing/feed-stand-in.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from './testing/openssl-certificates.ts';
import { runCommand } from './testing/openssl-client.ts';

let directory: string;
let api: FeedStandIn;
let edge: RunningEdge;
let clients: { own: CertificateFiles; systemTrusted: CertificateFiles };

/** An edge on a machine whose operator trusts another CA for everything (NODE_EXTRA_CA_CERTS, as the public roots). */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-roots-'));
  const openssl = new OpensslCertificates(directory);
  const [own, system] = [openssl.selfSigned('own'), openssl.selfSigned('system')];
  clients = { own: openssl.signed(own, 'client'), systemTrusted: openssl.signed(system, 'client') };
  writeFileSync(join(directory, 'edge-token'), 'edge-token');
  api = await startFeedStandIn();
  process.env.NODE_EXTRA_CA_CERTS = system.cert;
  edge = await startEdge({
    ...readEdgeEnv({
      POSTERN_DATA_DIR: directory,
      POSTERN_EDGE_HTTPS_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_HTTP_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_ADMIN_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_API_URL: api.url,
      POSTERN_EDGE_WORKERS: '1',
      POSTERN_ACCESS_LOG: 'off',
    }),
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await edge.ready();
  const revision = await api.putHost('a.example');
  const parsed = parseCertificatesPem(pemOf(own.cert), { pointer: '' });
  if (!parsed.ok) throw new Error('unreadable CA');
  api.put('trust-bundle', 'own', trustBundleOf(parsed.certificates));
  api.put(
    'host',
    'a.example',
    hostDocumentOf('a.example', {
      clientCertificate: { mode: 'require', trustBundle: 'own', subjectMatches: null },
    }),
  );
  while ((api.reports.at(-1)?.appliedRevision ?? 0) < revision + 2)
    await new Promise((resolve) => setTimeout(resolve, 10));
});
afterAll(async () => {
  delete process.env.NODE_EXTRA_CA_CERTS;
  await edge.close();
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

async function statusOf(files: CertificateFiles): Promise<number> {
  const target = `a.example:443:127.0.0.1:${edge.addresses.https[0]?.port}`;
  const shown = ['--cert', files.cert, '--key', files.key];
  const { stdout } = await runCommand('curl', [
    '-sk',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '--connect-to',
    target,
    ...shown,
    'https://a.example/',
  ]);
  return Number(stdout);
}

test('a client of a CA that the whole machine trusts is refused, the own one is served', async () => {
  expect(await statusOf(clients.own)).toBe(502);
  expect(await statusOf(clients.systemTrusted)).toBe(0);
});
