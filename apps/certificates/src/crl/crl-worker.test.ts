import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiler } from '@postern/compile';
import { LIMITS, type Log, resourceName, routeDescriptor, serviceSpec } from '@postern/contracts';
import { parseCaSecret } from '@postern/pki';
import { openStore, type SecretRecord, type Store } from '@postern/store';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startCrlWorker } from './crl-worker.ts';

const project = resourceName.parse('default');
const target = { project, name: resourceName.parse('list') };
const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const HOUR_MS = 3_600_000;

let folder: string;
/** What the source answers, and what it was asked. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: IncomingMessage[] = [];
const source = createServer((request, response) => {
  asked.push(request);
  answer(request, response);
});
let port: number;
let store: Store;
let opened = 0;
const clock = { now: 0 };
const stops: (() => Promise<void>)[] = [];

const list = (name: string) => readFileSync(join(folder, `${name}.der`));
const serve = (name: string, headers = {}) => {
  answer = (_, response) => response.writeHead(200, headers).end(list(name));
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-crl-worker-'));
  writeFileSync(
    join(folder, 'ca.cnf'),
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=1\n',
  );
  // Lists 01 and 02 of the CA, 03 of another one of its name.
  const script = `touch index.txt; echo 01 > crlnumber
    for ca in acme fake; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $ca.key -out $ca.crt \
      -days 9 -subj /CN=acme -addext keyUsage=critical,keyCertSign,cRLSign; done
    make() { openssl ca -config ca.cnf -gencrl -cert $2.crt -keyfile $2.key | openssl crl -outform DER -out $1.der; }
    make one acme; make two acme; make fake fake; openssl crl -inform DER -in two.der -out two.pem`;
  execFileSync('bash', ['-euc', script], { cwd: folder, stdio: 'pipe' });
  source.listen(0, '127.0.0.1');
  await once(source, 'listening');
  port = (source.address() as AddressInfo).port;
});
afterAll(() => {
  source.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  clock.now = Date.now();
  opened += 1;
  store = await open();
  await store.ensureProject(project);
  await putCa('acme');
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  asked.length = 0;
});

/** Opens the test's database, as another process does. */
async function open(): Promise<Store> {
  const url = `sqlite:${join(folder, `${opened}.db`)}`;
  const one = await openStore({ url, compiler, now: () => clock.now, pollMs: 10 });
  stops.push(() => one.close());
  return one;
}

function work(on: Store, allowPrivate = true): void {
  const worker = startCrlWorker({ store: on, log, now: () => clock.now, random: () => 0, allowPrivate });
  stops.push(() => worker.stop());
}

/** The secret acme, with the certificate of `file`. */
async function putCa(file: string): Promise<void> {
  const cert = readFileSync(join(folder, `${file}.crt`), 'utf8');
  const ca = parseCaSecret(cert, { pointer: '', now: clock.now });
  if (!ca.ok) throw new Error('the CA');
  const { details, bundle } = ca.secret;
  const document = { kind: 'trust-bundle', body: bundle } as const;
  const name = resourceName.parse('acme');
  await store.putSecret({ project, name, type: 'tls-ca', details, sealed: '', document });
}

async function putList(url = `http://127.0.0.1:${port}/acme.crl`): Promise<void> {
  const unknown = { issuer: null, number: null, thisUpdate: null, nextUpdate: null, entries: 0 };
  const crl = { ca: resourceName.parse('acme'), policy: 'soft', ...unknown } as const;
  await store.putSecret({
    ...target,
    type: 'crl',
    details: { keys: ['url'], crl: { ...crl, source: { url, refreshSeconds: 3600 } } },
    sealed: '',
    document: null,
    source: { url, refreshMs: HOUR_MS },
  });
}

/** The secret once the source has been tried, at the clock of now. */
async function tried(): Promise<SecretRecord> {
  const until = performance.now() + 60_000;
  for (;;) {
    const record = await store.getSecret(target);
    if (record.fetching?.triedAt === clock.now) return record;
    if (performance.now() > until) throw new Error('it was not tried');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Moves the clock to the next try and waits for it. */
async function nextTry(): Promise<SecretRecord> {
  clock.now = (await store.getSecret(target)).fetching?.nextTryAt ?? 0;
  await store.requestCrl(target);
  return tried();
}

const listOfEdges = async () => (await store.getCrl(target))?.list;
const base64 = (name: string) => list(name).toString('base64');

test('a list is fetched, told to the hosts of its CA, asked for again by its ETag, and followed by a newer one', async () => {
  const spec = serviceSpec.parse({ targets: ['http://127.0.0.1:1'] });
  await store.createService({ project, name: resourceName.parse('echo'), spec });
  const route = { project, name: resourceName.parse('a') };
  const descriptor = routeDescriptor.parse({
    host: 'a.localhost',
    tls: { clientValidationCa: { name: 'acme' } },
    routes: [{ prefix: '/', route: { service: 'echo' } }],
  });
  await store.createRoute({ ...route, spec: descriptor });
  const crlsOfHost = async () => (await store.getRoute(route)).document.clientCertificate?.crls;
  await putList();
  expect(await crlsOfHost()).toBeUndefined();
  serve('one', { etag: '"1"' });
  work(store);
  const first = await tried();
  expect(first.details.crl).toMatchObject({ number: '01', issuer: 'CN=acme', policy: 'soft', entries: 0 });
  expect(first.fetching).toMatchObject({ failures: 0, error: null, fetchedAt: clock.now });
  expect(first.fetching?.nextTryAt).toBe(clock.now + HOUR_MS);
  expect(await crlsOfHost()).toEqual([first.id]);
  expect(await store.getCrl(target)).toMatchObject({ policy: 'soft', list: base64('one') });

  answer = (_, response) => response.writeHead(304).end();
  const { revision } = await store.cursor();
  expect((await nextTry()).fetching).toMatchObject({ error: null, fetchedAt: clock.now });
  expect(asked.at(-1)?.headers['if-none-match']).toBe('"1"');
  expect(await store.cursor()).toMatchObject({ revision });

  answer = (_, response) => response.end(readFileSync(join(folder, 'two.pem')));
  expect((await nextTry()).details.crl).toMatchObject({ number: '02' });
  expect(await listOfEdges()).toBe(base64('two'));
});

test('whatever goes wrong, the last good list stays, and the waits grow', async () => {
  await putList();
  serve('two');
  work(store);
  const good = await tried();
  const say = (text: string) => (_: IncomingMessage, response: ServerResponse) => response.end(text);
  const failures: [string, typeof answer][] = [
    ['is older than the one that is there (number 02', (_, response) => response.end(list('one'))],
    ['did not sign the list', (_, response) => response.end(list('fake'))],
    ['this is not PEM', say('<html>')],
    ['answered 500', (_, response) => response.writeHead(500).end()],
    ['answered 304', (_, response) => response.writeHead(304).end()],
    ['cannot be asked', (request) => request.socket.destroy()],
    ['more than', (_, response) => response.end(Buffer.alloc(LIMITS.crlFetchedBytesMax + 1))],
    ['not asked: it is a link-local', to('http://169.254.169.254/latest')],
    ['not asked: it is a link-local', to('http://[::ffff:a9fe:a9fe]/')],
    ['without a place that can be asked', to('file:///etc/passwd')],
    ['more than 3 redirects', to('/again')],
  ];
  const waits: number[] = [];
  for (const [words, next] of failures) {
    answer = next;
    const { details, fetching } = await nextTry();
    expect(fetching?.error).toContain(words);
    expect(details).toEqual(good.details);
    waits.push((fetching?.nextTryAt ?? 0) - clock.now);
  }
  expect(waits).toEqual(failures.map((_, index) => Math.min(5_000 * 2 ** index, HOUR_MS)));
  expect(await listOfEdges()).toBe(base64('two'));
  serve('two');
  expect((await nextTry()).fetching).toMatchObject({ failures: 0, error: null });
});

function to(location: string): typeof answer {
  return (_, response) => response.writeHead(302, { location }).end();
}

test('this machine and private networks are asked only where that is allowed, whatever the name', async () => {
  serve('one');
  work(store, false);
  await putList(`http://localhost:${port}/acme.crl`);
  expect((await tried()).fetching?.error).toMatch(
    /localhost \(.*\) is not asked: it is not a public address/,
  );
  await putList();
  clock.now += 1;
  await store.requestCrl(target);
  expect((await tried()).fetching?.error).toContain('127.0.0.1 is not asked');
  expect(asked).toEqual([]);
  expect((await store.getSecret(target)).details.crl).toMatchObject({ thisUpdate: null });
});

test('of two workers one fetches', async () => {
  const other = await open();
  let open_ = (): void => {};
  answer = (_, response) => {
    open_ = () => response.end(list('one'));
  };
  await putList();
  work(store);
  work(other);
  const until = performance.now() + 60_000;
  while (asked.length === 0 && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 200));
  open_();
  await tried();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(asked.length).toBe(1);
});

test('a source that is taken away, or replaced while it is asked, changes nothing', async () => {
  const end = await holdFirstAnswer();
  serve('two');
  await putList(`http://127.0.0.1:${port}/other.crl`);
  end();
  clock.now += 1;
  await store.requestCrl(target);
  expect((await tried()).details.crl).toMatchObject({ number: '02' });
  expect(await listOfEdges()).toBe(base64('two'));
});

test('a list is judged by the CA that its secret holds when it is stored, not when it was asked for', async () => {
  const end = await holdFirstAnswer();
  serve('fake');
  await putCa('fake');
  end();
  const { details, fetching } = await tried();
  expect(fetching).toMatchObject({ failures: 0, error: null });
  expect(details.crl).toMatchObject({ number: '03' });
  expect(await listOfEdges()).toBe(base64('fake'));
  expect(asked.length).toBe(2);
});

/** Starts to fetch list `one`; gives what lets the source answer. */
async function holdFirstAnswer(): Promise<() => void> {
  let end = (): void => {};
  const isAsked = new Promise<void>((resolve) => {
    answer = (_, response) => {
      end = () => response.end(list('one'));
      resolve();
    };
  });
  await putList();
  work(store);
  await isAsked;
  return end;
}
