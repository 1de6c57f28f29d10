import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { upstreamTo } from '../testing/edge-fixture.ts';
import { type CertificateFiles, OpensslCertificates } from '../testing/openssl-certificates.ts';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, type HttpHostInput, startHttpFixture } from './testing/http-fixture.ts';
import { ask, openHttp2, openTls } from './testing/raw-client.ts';

// What the edge adds to requests is kept on the connection: no request may be given what is said of the one before it.
const RULES = [
  { name: null, prefix: '/partners', service: 'echo', enableWebsockets: false },
  { name: null, prefix: '/', service: 'echo', enableWebsockets: false },
] as const;
const TOLD = ['client-cert', 'x-client-verified', 'x-forwarded-client-cert', 'x-forwarded-host'];

let fixture: HttpFixture;
let services: Record<'http' | 'h2c', TestServer>;
let client: CertificateFiles;
let ca: CertificateFiles;

beforeAll(async () => {
  fixture = await startHttpFixture();
  const answer = (service: string, headers: object) => JSON.stringify({ ...headers, 'x-service': service });
  services = {
    http: await listenOn(createServer(({ headers }, response) => response.end(answer('http', headers)))),
    h2c: await listenOn(createHttp2Server(({ headers }, response) => response.end(answer('h2c', headers)))),
  };
  const openssl = new OpensslCertificates(fixture.edge.directory);
  ca = openssl.selfSigned('partners');
  client = openssl.signed(ca, 'partner.acme.org');
  fixture.edge.putBundle('partners', [ca.cert]);
});
afterAll(async () => {
  await fixture.close();
  await Promise.all(Object.values(services).map((service) => service.close()));
});

/** A host that demands the partners' CA below /partners alone. */
function put(host: string, protocol: 'http' | 'h2c', more: HttpHostInput = {}): Promise<void> {
  return fixture.putHost(host, services[protocol].port, {
    protocol,
    rules: [{ ...RULES[0], clientCertificate: { trustBundle: 'partners' } }, RULES[1]],
    clientCertificate: { mode: 'request', trustBundle: null, subjectMatches: null },
    ...more,
  });
}

/** Asks on one connection again and again; gives what the service was told beside the client's own fields. */
type Asker = (path: string, authority: string) => Promise<Record<string, string>>;

function overHttp1(socket: TLSSocket): Asker {
  return (path, authority) =>
    new Promise((resolve) => {
      let text = '';
      const take = (chunk: Buffer): void => {
        text += chunk.toString('latin1');
        const json = /\r\n\r\n(?:[0-9a-f]+\r\n)?(\{.*\})/s.exec(text)?.[1];
        if (json === undefined || !/(?:\}\s*|\r\n0\r\n\r\n)$/.test(text)) return;
        socket.off('data', take);
        resolve(JSON.parse(json) as Record<string, string>);
      };
      socket.on('data', take);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nX-Client-Verified: ?1\r\n\r\n`);
    });
}

function overHttp2(session: ReturnType<typeof openHttp2>): Asker {
  return async (path, authority) => {
    const head = [':method', 'GET', ':scheme', 'https', ':authority', authority, ':path', path];
    return JSON.parse((await ask(session, [...head, 'x-client-verified', '?1'])).body) as Record<
      string,
      string
    >;
  };
}

test.each([
  ['HTTP/1.1', 'http'],
  ['HTTP/1.1', 'h2c'],
  ['HTTP/2', 'http'],
  ['HTTP/2', 'h2c'],
] as const)(
  'each request of a connection brings its own identity and authority, %s to %s',
  async (spoken, protocol) => {
    const host = `kept-${spoken.replace(/\W/g, '').toLowerCase()}-${protocol}.example.org`;
    await put(host, protocol);
    const socket = spoken === 'HTTP/1.1' ? await openTls(fixture.edge, host, { certificate: client }) : null;
    const session = socket === null ? openHttp2(fixture.edge, host, { certificate: client }) : null;
    const asker = socket === null ? overHttp2(session as never) : overHttp1(socket);
    const toldOf = async (path: string, authority: string): Promise<string[]> => {
      const headers = await asker(path, authority);
      expect(headers['x-forwarded-host']).toBe(authority);
      return TOLD.filter((name) => headers[name] !== undefined && name !== 'x-forwarded-host');
    };
    const identities = [];
    for (const authority of [host, `${host}:8443`, host]) {
      identities.push(await toldOf('/', authority), await toldOf('/partners', authority));
      identities.push(await toldOf('/partners', host), await toldOf('/', host));
    }
    const round = [[], ['client-cert'], ['client-cert'], []];
    expect(identities).toEqual([...round, ...round, ...round]);
    // The connection stays: only the form of what is told changes.
    await put(host, protocol, { clientIdentity: { headers: 'x-client' } });
    expect([await toldOf('/partners', host), await toldOf('/', host)]).toEqual([['x-client-verified'], []]);
    await put(host, protocol, { clientIdentity: { headers: 'none' } });
    expect([await toldOf('/partners', host), await toldOf('/', host)]).toEqual([[], []]);
    // Rules lead where they lead now.
    const other = protocol === 'http' ? 'h2c' : 'http';
    await put(host, protocol, { services: { echo: upstreamTo(other, services[other].port) } });
    expect((await asker('/', host))['x-service']).toBe(other);
    await put(host, protocol, { rules: [{ ...RULES[0], clientCertificate: { trustBundle: 'partners' } }] });
    expect(await asker('/', host)).toMatchObject({ status: 404 });
    socket?.destroy();
    session?.destroy();
  },
);
