import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { upstreamTo } from '../testing/edge-fixture.ts';
import { curl, runCommand } from '../testing/openssl-client.ts';
import { listenOn, type Seen, startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';

let fixture: HttpFixture;
let echo: TestServer;
const hash = (algorithm: string, password: string) =>
  `${algorithm}:${createHash(algorithm).update(password).digest('base64')}`;
const httpBasic = {
  realm: 'the "shop"',
  passwordHashes: { ann: hash('sha256', 'a:1'), bob: hash('sha384', 'b'), zoë: hash('sha512', 'ö') },
};
const cors = { allowOrigins: ['https://app.example.org'], allowMethods: ['GET', 'PUT'] };

beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  await fixture.putHost('basic.example.org', echo.port, { httpBasic, cors });
  await fixture.putHost('cors.example.org', echo.port, { cors });
  await fixture.putHost('any.example.org', echo.port, { cors: { allowOrigins: ['*'] } });
  await fixture.putHost('rules.example.org', echo.port, {
    rules: [
      { name: null, prefix: '/a', service: 'echo', enableWebsockets: false },
      { name: 'deep', prefix: '/a/deep', service: 'dead', enableWebsockets: false },
    ],
    services: { echo: upstreamTo('http', echo.port), dead: upstreamTo('http', 1) },
  });
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
});

const ask = async (host: string, args: string[], path = '/') =>
  (await curl(fixture.edge, host, { args: ['-i', ...args], path })).stdout;
const ORIGIN = ['-H', 'Origin: https://app.example.org'];

test.each(['--http1.1', '--http2'])(
  'basic authentication admits each hash kind and refuses the rest (%s)',
  async (version) => {
    for (const user of ['ann:a:1', 'bob:b', 'zoë:ö']) {
      const answer = await ask('basic.example.org', [version, '-u', user]);
      expect(answer).toMatch(/^HTTP\/\S+ 200/);
      const seen = JSON.parse(answer.slice(answer.indexOf('{'))) as Seen;
      expect(seen.headers.some(([name]) => name === 'authorization')).toBe(false);
    }
    const bearer = ['-H', 'Authorization: Bearer x'];
    const twice = ['-H', `Authorization: Basic ${btoa('bob:b')}`, '-H', 'Authorization: Basic eDp5'];
    for (const wrong of [
      [],
      ['-u', 'ann:x'],
      ['-u', 'nobody:'],
      ['-u', '__proto__:x'],
      ['-u', 'constructor:'],
      bearer,
      twice,
    ]) {
      const answer = await ask('basic.example.org', [version, ...wrong]);
      expect(answer).toMatch(/^HTTP\/\S+ 401/);
      expect(answer.toLowerCase()).toContain(
        'www-authenticate: basic realm="the \\"shop\\"", charset="utf-8"',
      );
      expect(answer).toContain('basic_credentials_required');
    }
  },
);

test('a preflight is answered before basic authentication, with the allowed methods and the requested names', async () => {
  const preflight = (method: string, origin: string) =>
    ask('basic.example.org', [
      '-X',
      'OPTIONS',
      '-H',
      `Origin: ${origin}`,
      '-H',
      `Access-Control-Request-Method: ${method}`,
      '-H',
      'Access-Control-Request-Headers: X-One, bad name, x-two',
    ]);
  const allowed = (await preflight('PUT', 'https://app.example.org')).toLowerCase();
  expect(allowed).toMatch(/^http\/\S+ 204/);
  expect(allowed).toContain('access-control-allow-origin: https://app.example.org\r\n');
  expect(allowed).toContain('access-control-allow-methods: get, put\r\n');
  expect(allowed).toContain('access-control-allow-headers: x-one, x-two\r\n');
  expect(allowed).not.toContain('allow-credentials');
  expect(allowed).toMatch(/vary: [^\r]*origin/);
  for (const refused of [
    await preflight('DELETE', 'https://app.example.org'),
    await preflight('PUT', 'https://evil.example.org'),
  ]) {
    expect(refused.toLowerCase()).not.toContain('access-control-allow');
  }
});

test('answers of the edge carry the CORS fields of an allowed origin', async () => {
  const refused = (await ask('basic.example.org', ORIGIN)).toLowerCase();
  expect(refused).toMatch(/^http\/\S+ 401/);
  expect(refused).toContain('access-control-allow-origin: https://app.example.org');
  const other = (await ask('cors.example.org', ['-H', 'Origin: https://evil.example.org'])).toLowerCase();
  expect(other).not.toContain('access-control-allow-origin');
  expect(other).toContain('vary: origin');
});

test('the policy, not the upstream, decides the allowed origin, and never with credentials', async () => {
  const upstream = await listenOn(
    createServer((_request, response) => {
      response.setHeader('Access-Control-Allow-Origin', 'https://evil.example.org');
      response.setHeader('Access-Control-Allow-Credentials', 'true');
      response.end();
    }),
  );
  await fixture.putHost('decides.example.org', upstream.port, { cors: { allowOrigins: ['*'] } });
  const answer = (await ask('decides.example.org', ORIGIN)).toLowerCase();
  expect(answer.match(/access-control-allow-origin: [^\r]*/g)).toEqual(['access-control-allow-origin: *']);
  expect(answer).not.toContain('credentials');
  await upstream.close();
});

test('the longest prefix wins, and a path that none begins is a 404 problem', async () => {
  expect(await ask('rules.example.org', [], '/a/x')).toMatch(/^HTTP\/\S+ 200/);
  expect(await ask('rules.example.org', [], '/a/deeper')).toMatch(/^HTTP\/\S+ 502/);
  const none = await ask('rules.example.org', [], '/b');
  expect(none).toMatch(/^HTTP\/\S+ 404/);
  expect(none).toContain('no_rule');
});

test('a problem to HEAD has no body', async () => {
  const { code, stdout } = await curl(fixture.edge, 'rules.example.org', { args: ['-I'], path: '/b' });
  expect(code).toBe(0);
  expect(stdout.toLowerCase()).toContain('application/problem+json');
});

test('plain HTTP is sent to https with 308 for served hosts, and served never', async () => {
  const plain = (host: string, path: string) =>
    runCommand('curl', [
      '-s',
      '-i',
      '--path-as-is',
      '-H',
      `Host: ${host}`,
      `http://127.0.0.1:${fixture.edge.httpPort}${path}`,
    ]);
  const { stdout } = await plain('cors.example.org:8080', '/a?b=c');
  expect(stdout).toMatch(/^HTTP\/1\.1 308/);
  expect(stdout.toLowerCase()).toContain('location: https://cors.example.org/a?b=c\r\n');
  expect((await plain('unknown.example.org', '/')).stdout).toMatch(/^HTTP\/1\.1 421/);
  expect((await plain('cors.example.org@evil', '/')).stdout).toMatch(/^HTTP\/1\.1 400/);
});
