import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from './connection.ts';
import { answeringProtocol } from './testing/answering-protocol.ts';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from './testing/openssl-certificates.ts';

const CA = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
const HOST = 'a.example';

let edge: EdgeFixture;
let openssl: OpensslCertificates;
let root: CertificateFiles;
let partner: CertificateFiles;
/** Connections that were served. */
const served: Connection[] = [];

/** A route whose CA lets a partner issue for partner.org alone, and which admits names of acme.org. */
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
  openssl = new OpensslCertificates(edge.directory);
  root = openssl.selfSigned('Root');
  partner = openssl.signed(root, 'Partner', [...CA, 'nameConstraints=critical,permitted;DNS:partner.org']);
  await edge.putHost(HOST, {
    anchors: [root.cert],
    subjectMatches: [{ exact: 'client.acme.org' }, { hasSuffix: '.acme.org' }],
  });
});
afterAll(() => edge.close());

/** Shows a leaf with what goes above it, and gives the reason of the refusal, by TLS or by the matchers, or `admitted`. */
async function judge(leaf: CertificateFiles, ...sent: CertificateFiles[]): Promise<string> {
  served.length = 0;
  edge.log.length = 0;
  const cert = [leaf, ...sent].map((files) => pemOf(files.cert)).join('');
  const shown = { cert, key: pemOf(leaf.key), ALPNProtocols: ['http/1.1'] };
  const socket = connect({
    port: edge.port,
    host: '127.0.0.1',
    servername: HOST,
    rejectUnauthorized: false,
    ...shown,
  });
  socket.on('error', () => {});
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
  socket.resume();
  await once(socket, 'close');
  const [connection] = served;
  if (connection === undefined) return String(edge.log.find(({ msg }) => msg === 'client refused')?.reason);
  if (connection.client === null) return 'served without a client';
  const verdict = edge.worker.hosts.get(connection.sni)?.evaluate(connection.client.presented);
  return verdict?.reason ?? 'admitted';
}

test.each([
  [
    'a CN beside a DNS name within them',
    'client.acme.org',
    ['subjectAltName=DNS:x.partner.org'],
    'certificate_invalid',
  ],
  ['a CN that is no DNS name', 'x .acme.org', [], 'subject_not_allowed'],
])('name constraints of an intermediate are not got round by %s', async (_, name, extensions, reason) => {
  expect(await judge(openssl.signed(partner, name, extensions), partner)).toBe(reason);
  // The same leaf right under the root is the control.
  expect(await judge(openssl.signed(root, name, extensions))).toBe('admitted');
});

test('name constraints that exclude are not got round by a trailing dot', async () => {
  const excluded = openssl.signed(root, 'Other', [
    ...CA,
    'nameConstraints=critical,excluded;DNS:client.acme.org',
  ]);
  const dotted = openssl.signed(excluded, 'x', ['subjectAltName=DNS:client.acme.org.']);
  expect(await judge(dotted, excluded)).not.toBe('admitted');
});

test('a stranger of the name of an intermediate, sent before it, hides nothing', async () => {
  const stranger = openssl.selfSigned('Root', CA);
  const leaf = openssl.signed(partner, 'client.acme.org', ['subjectAltName=DNS:x.partner.org']);
  for (const days of [-1, 900]) {
    const lookAlike = openssl.signed(stranger, 'Partner', CA, days);
    expect(await judge(leaf, lookAlike, partner)).not.toBe('admitted');
  }
});

test('clients that still send the old certificate of a renewed CA are admitted, until the new one ends', async () => {
  const old = openssl.signed(root, 'Root', CA, -1, root.key);
  const leaf = openssl.signed(root, 'client.acme.org');
  expect(await judge(leaf, old)).toBe('admitted');
  expect(served[0]?.client?.validUntil).toBeGreaterThan(Date.now() + 86_400_000);
});

test('what goes upstream as the chain is what leads to the anchor', async () => {
  const intermediate = openssl.signed(root, 'Intermediate', CA);
  const leaf = openssl.signed(intermediate, 'client.acme.org');
  expect(await judge(leaf, intermediate, openssl.selfSigned('Stranger'), root)).toBe('admitted');
  expect(served[0]?.client?.chainDer).toHaveLength(1);
  const lookAlike = openssl.selfSigned('Root');
  expect(await judge(openssl.signed(root, 'client.acme.org'), lookAlike)).toBe('admitted');
  expect(served[0]?.client?.chainDer).toEqual([]);
});

test('an intermediate sent with its expired twin, before it or after it, is the one that counts', async () => {
  const intermediate = openssl.signed(root, 'Renewed', CA);
  const twin = openssl.signed(root, 'Renewed', CA, -1, intermediate.key);
  const leaf = openssl.signed(intermediate, 'client.acme.org');
  expect(await judge(leaf, twin, intermediate)).toBe('admitted');
  // The intermediate is known from here on: the expired one alone does not do, for OpenSSL refuses it.
  expect(await judge(leaf, twin)).toBe('certificate_expired');
  expect(await judge(leaf, intermediate, twin)).toBe('admitted');
});

test('of two trusted CAs of one name OpenSSL may take the wrong one: refused as chain_order, with the remedy', async () => {
  const [one, two] = [openssl.selfSigned('Same', CA), openssl.selfSigned('Same', CA)];
  await edge.putHost(HOST, { anchors: [one.cert, two.cert], subjectMatches: [{ exact: 'client.acme.org' }] });
  const verdicts = [];
  for (const issuer of [one, two]) {
    verdicts.push(await judge(openssl.signed(issuer, 'client.acme.org', [])));
    if (verdicts.at(-1) === 'chain_order') {
      expect(edge.log.find(({ msg }) => msg === 'client refused')?.detail).toMatch(/keep one/);
    }
  }
  expect(verdicts.toSorted()).toEqual(['admitted', 'chain_order']);
});
