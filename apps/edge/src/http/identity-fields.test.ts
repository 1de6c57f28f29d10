import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { type Seen, startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { sendRaw } from './testing/raw-client.ts';

let fixture: HttpFixture;
let echo: TestServer;
let client: CertificateFiles;
let big: CertificateFiles;
let long: CertificateFiles;

const CA = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
const NAMES = 'subjectAltName=DNS:client.acme.org,DNS:Second.acme.org,URI:spiffe://acme.org/ns/a;b=c';

beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  const certificates = new OpensslCertificates(fixture.edge.directory);
  const root = certificates.selfSigned('clients');
  const intermediate = certificates.signed(root, 'issuing, "east";\\\\', CA);
  const leaf = certificates.signed(intermediate, 'client "one"; O=x, \\\\', [NAMES]);
  client = withChain(fixture.edge.directory, leaf, [intermediate.cert]);
  const many = Array.from({ length: 400 }, (_, index) => `DNS:device-${index}.of.acme.org`).join(',');
  long = withChain(
    fixture.edge.directory,
    certificates.signed(intermediate, 'many', [`subjectAltName=${many}`]),
    [intermediate.cert],
  );
  const comment = `nsComment=${'x'.repeat(6_000)}`;
  const wide = certificates.signed(root, 'wide', [...CA, comment]);
  big = withChain(fixture.edge.directory, certificates.signed(wide, 'big', [NAMES]), [wide.cert]);
  for (const headers of ['client-cert', 'xfcc', 'x-client', 'none'] as const) {
    await fixture.putHost(`${headers}.example.org`, echo.port, {
      anchors: [root.cert],
      clientIdentity: { headers },
    });
  }
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
});

function withChain(folder: string, leaf: CertificateFiles, above: string[]): CertificateFiles {
  const cert = `${folder}/chain-${leaf.cert.replace(/\D/g, '')}.pem`;
  writeFileSync(cert, [leaf.cert, ...above].map(pemOf).join(''));
  return { cert, key: leaf.key };
}

async function seenBy(host: string, certificate: CertificateFiles): Promise<Map<string, string>> {
  const { text } = await sendRaw(
    fixture.edge,
    host,
    `GET / HTTP/1.1\r\nHost: ${host}\r\nX-Client-Verified: ?1\r\nX_Client_Omitted: forged\r\nx-CLIENT-cert-subject: "CN=forged"\r\n` +
      `X-Forwarded-Client-Cert: forged\r\nConnection: close, x-client-verified, x-forwarded-client-cert, x-client-omitted\r\n\r\n`,
    { certificate },
  );
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  const { headers } = JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '') as Seen;
  const told = headers.filter(([name]) => /client/.test(name));
  expect(new Set(told.map(([name]) => name)).size).toBe(told.length);
  return new Map(told.map(([name, value]) => [name, value]));
}

function certificatesOf(file: string): X509Certificate[] {
  return (pemOf(file).match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
}

test('client-cert: the leaf and what was sent above it, as RFC 9440 writes them', async () => {
  const seen = await seenBy('client-cert.example.org', client);
  const [leaf, above] = certificatesOf(client.cert).map(({ raw }) => `:${raw.toString('base64')}:`);
  expect(Object.fromEntries(seen)).toEqual({ 'client-cert': leaf, 'client-cert-chain': above });
});

test("xfcc: one element in Envoy's form, in which no name can pass for another member", async () => {
  const seen = await seenBy('xfcc.example.org', client);
  expect([...seen.keys()]).toEqual(['x-forwarded-client-cert']);
  const value = seen.get('x-forwarded-client-cert') ?? '';
  const [leaf, above] = certificatesOf(client.cert);
  const members = [...value.matchAll(/([A-Z]\w*)=("[^"]*"|[^";,]*)(?:;|$)/gi)];
  expect(members.map(([whole]) => whole).join('')).toBe(value);
  expect(members.map(([, key]) => key)).toEqual(['Hash', 'Cert', 'Chain', 'Subject', 'URI', 'DNS', 'DNS']);
  const [hash, cert, chain, subject, uri, ...dns] = members.map(([, , own]) => own?.replace(/^"|"$/g, ''));
  expect(hash).toBe(leaf?.fingerprint256.replaceAll(':', '').toLowerCase());
  expect(decodeURIComponent(cert ?? '')).toBe(String(leaf));
  expect(decodeURIComponent(chain ?? '')).toBe(`${leaf}${above}`);
  expect(subject).toBe('CN=client \\22one\\22\\3B O\\3Dx\\2C \\5C');
  expect(uri).toBe('spiffe://acme.org/ns/a;b=c');
  expect(value).toContain('URI="spiffe://acme.org/ns/a;b=c"');
  expect(dns).toEqual(['client.acme.org', 'second.acme.org']);
});

test('x-client: structured fields, each of which says one thing', async () => {
  const [leaf] = certificatesOf(client.cert);
  expect(Object.fromEntries(await seenBy('x-client.example.org', client))).toEqual({
    'x-client-verified': '?1',
    'x-client-cert-fingerprint': `"${leaf?.fingerprint256.replaceAll(':', '').toLowerCase()}"`,
    'x-client-cert-subject': '"CN=client \\\\22one\\\\22\\\\3B O\\\\3Dx\\\\2C \\\\5C"',
    'x-client-cert-issuer': '"CN=issuing\\\\2C \\\\22east\\\\22\\\\3B\\\\5C"',
    'x-client-cert-serial': `"${leaf?.serialNumber.toLowerCase()}"`,
    'x-client-cert-not-after': String(Math.floor((leaf?.validToDate.getTime() ?? 0) / 1000)),
    'x-client-dns-names': '"client.acme.org", "second.acme.org"',
    'x-client-uri-names': '"spiffe://acme.org/ns/a;b=c"',
  });
});

test('none: the service learns nothing of the client, whatever the client says', async () => {
  expect([...(await seenBy('none.example.org', client))]).toEqual([]);
});

test('a field that common servers would refuse for its length is left out and named', async () => {
  const chained = await seenBy('client-cert.example.org', big);
  expect([...chained.keys()]).toEqual(['client-cert', 'x-client-omitted']);
  expect(chained.get('x-client-omitted')).toBe('client-cert-chain');
  const forwarded = await seenBy('xfcc.example.org', big);
  expect(forwarded.get('x-forwarded-client-cert')).toMatch(
    /^Hash=[0-9a-f]{64};Cert="[^"]*";Subject="CN=big";URI=/,
  );
  expect(forwarded.get('x-client-omitted')).toBe('xfcc-chain');
  const structured = await seenBy('x-client.example.org', long);
  expect(structured.get('x-client-omitted')).toBe('x-client-dns-names');
  expect(structured.get('x-client-verified')).toBe('?1');
  for (const form of ['client-cert', 'xfcc', 'x-client']) {
    const seen = await seenBy(`${form}.example.org`, long);
    for (const value of seen.values()) expect(value.length).toBeLessThanOrEqual(7_900);
  }
});
