import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureVersion, type TLSSocket } from 'node:tls';
import type { SubjectMatcher, Verdict } from '@postern/contracts';
import { coversHost, parseCaSecret, parseTlsSecret, readSubjectNames } from '@postern/pki';
import { caScript, leafScript, type OpensslFolder, openOpensslFolder } from '@postern/pki/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compileMatchers } from './compile-matchers.ts';
import { judgeSubject } from './judge-subject.ts';
import { refusalOfOpenSslCode } from './openssl-code.ts';

let folder: OpensslFolder;
beforeEach(() => {
  folder = openOpensslFolder();
});
afterEach(() => folder[Symbol.dispose]());

function parseCa(file: string) {
  const parsed = parseCaSecret(folder.read(file), { pointer: '', now: Date.now() });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  return parsed.secret;
}

/** Shows a client certificate to a real TLS server that trusts one CA file, and judges it as an edge would. */
async function judge(
  ca: string,
  client: { cert: string; key: string },
  list: SubjectMatcher[] | null,
  version: SecureVersion = 'TLSv1.3',
): Promise<Verdict> {
  folder.run(
    '[ -f own.crt ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.crt -subj /CN=own',
  );
  const server = createServer({
    cert: folder.read('own.crt'),
    key: folder.read('own.key'),
    ca: parseCa(ca).bundle.anchorsPem,
    requestCert: true,
    rejectUnauthorized: false,
    maxVersion: version,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'secureConnection');
  const own = { cert: folder.read(client.cert), key: folder.read(client.key) };
  const outgoing = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...own });
  outgoing.on('error', () => {});
  try {
    const [socket] = (await accepted) as [TLSSocket];
    socket.on('error', () => {});
    if (!socket.authorized) {
      const error: unknown = socket.authorizationError;
      return { verdict: 'refuse', reason: refusalOfOpenSslCode(String(error)), detail: String(error) };
    }
    const names = readSubjectNames(socket.getPeerCertificate().raw);
    const compiled = list === null ? null : compileMatchers(list);
    if (compiled?.ok === false) throw new Error(JSON.stringify(compiled.findings));
    return judgeSubject({ names, validUntil: 1 }, compiled);
  } finally {
    outgoing.destroy();
    server.close();
  }
}

const myClient = { cert: 'client.crt', key: 'client.key' };

test('KO16: the RSA recipe with v1 leaves works, and its server certificate is served though it covers no host', async () => {
  folder.run(`openssl genrsa -out ca.key 2048
    openssl req -x509 -new -nodes -key ca.key -sha256 -days 3650 -out ca.crt -subj "/CN=Kokomo CA"
    openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=*.connect.getkokomo.io"
    openssl x509 -req -days 365 -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt
    openssl req -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj "/CN=myclient"
    openssl x509 -req -days 365 -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out client.crt`);
  const server = parseTlsSecret(
    { cert: folder.read('server.crt'), key: folder.read('server.key'), ca: folder.read('ca.crt') },
    Date.now(),
  );
  expect(server).toMatchObject({
    ok: true,
    secret: { chain: [{ version: 1 }, { version: 3 }], warnings: [] },
  });
  if (server.ok) expect(coversHost(server.secret.facts.names, 'a.connect.getkokomo.io')).toBe(false);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    expect(await judge('ca.crt', myClient, [{ exact: 'MyClient' }], version)).toMatchObject({
      verdict: 'admit',
      matchedBy: { name: 'myclient' },
    });
  }
  expect(await judge('ca.crt', myClient, [{ exact: 'other' }])).toMatchObject({
    reason: 'subject_not_allowed',
  });
});

test('KD20: the recipe with a once encrypted CA key, full subjects and no SAN works', async () => {
  const subject = '/C=US/ST=California/L=Mountain View/O=Your Organization/OU=Your Unit';
  folder.run(`openssl genrsa -des3 -passout pass:secret -out rootCA.protected.key 2048
    openssl rsa -in rootCA.protected.key -passin pass:secret -out rootCA.key
    openssl req -x509 -new -nodes -key rootCA.key -sha256 -days 1024 -out rootCA.pem -subj "${subject}/CN=example.com"
    openssl genrsa -out client.key 2048
    openssl req -new -key client.key -out client.csr -subj "${subject}/CN=localhost"
    openssl x509 -req -in client.csr -extensions client -CA rootCA.pem -CAkey rootCA.key -CAcreateserial -out client.crt -days 500 -sha256
    openssl genrsa -out server.key 2048
    openssl req -new -key server.key -out server.csr -subj "${subject}/CN=localhost"
    openssl x509 -req -in server.csr -extensions server -CA rootCA.pem -CAkey rootCA.key -CAcreateserial -out server.crt -days 500 -sha256`);
  expect(parseCa('rootCA.pem').details.certificates?.[0]?.subject).toBe(
    'C=US, ST=California, L=Mountain View, O=Your Organization, OU=Your Unit, CN=example.com',
  );
  expect(await judge('rootCA.pem', myClient, [{ exact: 'localhost' }])).toMatchObject({ verdict: 'admit' });
  const encrypted = { cert: folder.read('server.crt'), key: folder.read('rootCA.protected.key') };
  expect(parseTlsSecret(encrypted, Date.now())).toMatchObject({
    ok: false,
    findings: [{ code: 'key_encrypted' }],
  });
});

test('KM22: the sample CA with pathlen 0 and keyCertSign is accepted and admits its clients', async () => {
  folder.run(`SAMPLE_CA_CONFIG="
[req]
distinguished_name=dn
[ dn ]
[ ext ]
basicConstraints=CA:TRUE,pathlen:0
keyUsage=keyCertSign
"
    openssl req -config <(echo "$SAMPLE_CA_CONFIG") -new -newkey rsa:2048 -nodes -subj "/CN=Hello" -x509 -extensions ext -keyout key.pem -out crt.pem
    openssl req -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj "/CN=web"
    openssl x509 -req -in client.csr -CA crt.pem -CAkey key.pem -CAcreateserial -out client.crt`);
  expect(parseCa('crt.pem').details.certificates?.[0]).toMatchObject({
    isCa: true,
    pathLength: 0,
    keyUsage: ['keyCertSign'],
  });
  expect(await judge('crt.pem', myClient, null)).toMatchObject({ verdict: 'admit', matchedBy: null });
});

test('KX23: a certificate as smallstep makes them is matched by CN and by SAN', async () => {
  folder.run(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout my-root-ca.key -out my-root-ca.crt \
      -subj /CN=rootca.acme.org -addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign,cRLSign`);
  folder.run(
    leafScript('client', {
      ca: 'my-root-ca',
      subject: '/CN=client.acme.org',
      extensions:
        'keyUsage=critical,digitalSignature\\nextendedKeyUsage=serverAuth,clientAuth\\nsubjectAltName=DNS:client.acme.org',
    }),
  );
  for (const matcher of [
    { exact: 'client.acme.org' },
    { hasSuffix: '.acme.org' },
    { regex: '[a-z]+\\.acme\\.org' },
  ]) {
    expect(await judge('my-root-ca.crt', myClient, [matcher])).toMatchObject({ verdict: 'admit' });
  }
  expect(readSubjectNames(derOf('client.crt'))).toEqual({
    commonNames: ['client.acme.org'],
    dnsNames: ['client.acme.org'],
  });
});

function derOf(file: string): Buffer {
  return Buffer.from(folder.read(file).split('\n').slice(1, -2).join(''), 'base64');
}

test('KU15: a self-signed certificate that doubles as CA is served, trusted and admitted', async () => {
  const make = (
    type: string,
    name: string,
  ) => `openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout ${name}.key -out ${name}.crt \
      -subj /CN=cp.example.org -addext keyUsage=digitalSignature,keyEncipherment,keyCertSign -addext extendedKeyUsage=${type} \
      -addext subjectAltName=DNS:cp.example.org`;
  folder.run(`${make('serverAuth', 'tls')}\n${make('clientAuth', 'client')}`);
  const server = parseTlsSecret(
    { cert: folder.read('tls.crt'), key: folder.read('tls.key'), ca: folder.read('tls.crt') },
    Date.now(),
  );
  expect(server).toMatchObject({
    ok: true,
    secret: { facts: { names: ['cp.example.org'], chainPem: folder.read('tls.crt') } },
  });
  parseCa('tls.crt');
  expect(await judge('client.crt', myClient, [{ exact: 'cp.example.org' }])).toMatchObject({
    verdict: 'admit',
  });
});

test('what OpenSSL refuses keeps its reason: wrong CA, self-signed, expired, not yet valid, another purpose, v1 issuer', async () => {
  folder.run(`${caScript('ca')}\n${caScript('other')}`);
  folder.run(leafScript('server', { ca: 'ca', extensions: 'extendedKeyUsage=serverAuth' }));
  folder.run(leafScript('wrong', { ca: 'other' }));
  folder.run(leafScript('v1', { ca: 'ca' }));
  folder.run(leafScript('below', { ca: 'v1' }));
  const dated = (
    name: string,
    from: string,
    to: string,
  ) => `openssl req -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=${name}
    rm -f db.txt* serial*; touch db.txt; echo 01 > serial; openssl ca -batch -config <(printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=db.txt\\nserial=serial\\nnew_certs_dir=.\\ndefault_md=sha256\\npolicy=p\\nunique_subject=no\\n[p]\\ncommonName=supplied\\n') \
      -in ${name}.csr -cert ca.crt -keyfile ca.key -startdate ${from} -enddate ${to} -notext -out ${name}.crt`;
  folder.run(dated('old', '20200101000000Z', '20210101000000Z'));
  folder.run(dated('young', '20480101000000Z', '20490101000000Z'));
  const reasonOf = async (name: string) => {
    const verdict = await judge('ca.crt', { cert: `${name}.crt`, key: `${name}.key` }, null);
    return verdict.verdict === 'refuse' ? verdict.reason : 'admitted';
  };
  folder.write('chain.crt', folder.read('below.crt') + folder.read('v1.crt'));
  folder.write('chain.key', folder.read('below.key'));
  expect(await reasonOf('v1')).toBe('admitted');
  expect(await reasonOf('server')).toBe('certificate_purpose');
  expect(await reasonOf('wrong')).toBe('certificate_untrusted');
  expect(await reasonOf('own')).toBe('certificate_self_signed');
  expect(await reasonOf('old')).toBe('certificate_expired');
  expect(await reasonOf('young')).toBe('certificate_not_yet_valid');
  // OpenSSL finds INVALID_CA first and reports the last thing it finds.
  expect(await reasonOf('chain')).toBe('certificate_purpose');
});
