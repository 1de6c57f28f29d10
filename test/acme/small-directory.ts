import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An answer that is not the usual one. */
export interface Refusal {
  readonly status: number;
  /** Without its prefix. */
  readonly type: string;
  readonly detail: string;
  readonly retryAfter?: string;
}

/** An answer that no RFC has. */
export interface Instead {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
}

/** What RFC 9773 says of every certificate. */
export interface Window {
  readonly start: string;
  readonly end: string;
  readonly retryAfter?: string;
}

/**
 * A small ACME directory in this process, for what Pebble does not have: renewal information (RFC 9773), profiles, rate
 * limits. Every authorization is valid from the start, and no signature is checked: Pebble does both.
 */
export interface SmallDirectory extends AsyncDisposable {
  readonly url: string;
  readonly bundleFile: string;
  /** Payloads of newOrder, in order, also of those that were refused. */
  readonly orders: { identifiers: { value: string }[]; profile?: string; replaces?: string }[];
  /** Paths of all requests, in order. */
  readonly asked: string[];
  /** Gives the answer to a newOrder in place of the usual one. */
  refuseOrder: (names: readonly string[]) => Refusal | null;
  /** Gives the answer to a request, by the first part of its path, in place of the usual one. */
  answerInstead: (path: string) => Instead | null;
  window: Window;
  /** Days of the certificates it issues. */
  lifeDays: number;
}

interface Order {
  readonly names: readonly string[];
  status: string;
  chain: string;
}

/** Starts it on a free port of 127.0.0.1. Names it, by which `caaIdentities` and its CA are known, default `small.example`. */
export async function startSmallDirectory(
  options: { readonly profiles?: readonly string[]; readonly hasRenewalInfo?: boolean } = {},
): Promise<SmallDirectory> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-directory-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (script: string): void => {
    execFileSync('bash', ['-euc', script], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365';
  openssl(`openssl req -x509 ${key} -keyout tls.key -out tls.crt -subj /CN=d -addext subjectAltName=IP:127.0.0.1
    openssl req -x509 ${key} -keyout ca.key -out ca.crt -subj "/CN=Small CA"`);
  const orders: Order[] = [];
  const accounts = { count: 0 };
  let base = '';
  let nonce = 0;

  const routes: Record<string, (payload: Payload, n: number, answer: Answer) => void> = {
    directory: (_payload, _n, answer) =>
      answer.json(200, {
        newNonce: `${base}/nonce`,
        newAccount: `${base}/account`,
        newOrder: `${base}/new-order`,
        revokeCert: `${base}/revoke`,
        keyChange: `${base}/key-change`,
        ...(options.hasRenewalInfo === false ? {} : { renewalInfo: `${base}/renewal-info` }),
        meta: {
          caaIdentities: ['small.example'],
          ...(options.profiles === undefined
            ? {}
            : { profiles: Object.fromEntries(options.profiles.map((name) => [name, name])) }),
        },
      }),
    nonce: (_payload, _n, answer) => answer.json(200, {}),
    account: (payload, _n, answer) => {
      if (payload.onlyReturnExisting === true && accounts.count === 0) {
        answer.problem({ status: 400, type: 'accountDoesNotExist', detail: 'there is none' });
        return;
      }
      accounts.count += 1;
      answer.json(201, { status: 'valid' }, { location: `${base}/account/1` });
    },
    'key-change': (_payload, _n, answer) => answer.json(200, {}),
    revoke: (_payload, _n, answer) => answer.json(200, {}),
    'new-order': (payload, _n, answer) => {
      directory.orders.push(payload as SmallDirectory['orders'][number]);
      const names = (payload.identifiers ?? []).map(({ value }) => value);
      const refusal = directory.refuseOrder(names);
      if (refusal !== null) {
        answer.problem(refusal);
        return;
      }
      orders.push({ names, status: 'ready', chain: '' });
      const n = orders.length - 1;
      answer.json(201, orderBody(n), { location: `${base}/order/${n}` });
    },
    order: (_payload, n, answer) => answer.json(200, orderBody(n)),
    authorization: (_payload, n, answer) =>
      answer.json(200, {
        status: 'valid',
        identifier: { type: 'dns', value: orders[n]?.names[0] },
        challenges: [],
      }),
    finalize: (payload, n, answer) => {
      const order = orders[n];
      if (order === undefined) throw new Error('finalize of an order that is not there');
      order.chain = sign(payload.csr ?? '', n);
      order.status = 'valid';
      answer.json(200, orderBody(n));
    },
    certificate: (_payload, n, answer) => answer.text(orders[n]?.chain ?? ''),
    'renewal-info': (_payload, _n, answer) => {
      const { start, end, retryAfter } = directory.window;
      answer.json(
        200,
        { suggestedWindow: { start, end } },
        retryAfter === undefined ? {} : { 'retry-after': retryAfter },
      );
    },
  };

  const orderBody = (n: number): object => ({
    status: orders[n]?.status,
    identifiers: orders[n]?.names.map((value) => ({ type: 'dns', value })),
    authorizations: [`${base}/authorization/${n}`],
    finalize: `${base}/finalize/${n}`,
    ...(orders[n]?.status === 'valid' ? { certificate: `${base}/certificate/${n}` } : {}),
  });
  const sign = (csr: string, n: number): string => {
    writeFileSync(file(`${n}.csr`), Buffer.from(csr, 'base64url'));
    openssl(`openssl x509 -req -inform DER -in ${n}.csr -CA ca.crt -CAkey ca.key -copy_extensions copy -days ${directory.lifeDays} \
      -set_serial 0x8765${n.toString(16).padStart(8, '0')} -extfile <(echo authorityKeyIdentifier=keyid) -out ${n}.crt`);
    return readFileSync(file(`${n}.crt`), 'utf8') + readFileSync(file('ca.crt'), 'utf8');
  };

  const server = createServer(
    { key: readFileSync(file('tls.key')), cert: readFileSync(file('tls.crt')) },
    (request, response) => {
      const serve = (payload: Payload): void => {
        const [, path = '', n = '0'] = (request.url ?? '').split('/');
        directory.asked.push(request.url ?? '');
        nonce += 1;
        const answer = new Answer(response, `nonce-${nonce}`);
        const instead = directory.answerInstead(path);
        if (instead === null) routes[path]?.(payload, Number(n), answer);
        else response.writeHead(instead.status, instead.headers).end(instead.body);
      };
      // A worker may stop in the middle of it.
      void readPayload(request).then(serve, () => response.destroy());
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  base = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const directory: SmallDirectory = {
    url: `${base}/directory`,
    bundleFile: file('tls.crt'),
    orders: [],
    asked: [],
    refuseOrder: () => null,
    answerInstead: () => null,
    window: { start: '2099-01-01T00:00:00Z', end: '2099-01-02T00:00:00Z' },
    lifeDays: 90,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return directory;
}

interface Payload {
  readonly identifiers?: readonly { value: string }[];
  readonly csr?: string;
  readonly onlyReturnExisting?: boolean;
}

async function readPayload(request: IncomingMessage): Promise<Payload> {
  let text = '';
  for await (const part of request) text += String(part);
  const { payload = '' } = text === '' ? {} : (JSON.parse(text) as { payload?: string });
  return payload === '' ? {} : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Payload);
}

class Answer {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse, nonce: string) {
    this.#response = response;
    response.setHeader('replay-nonce', nonce);
  }

  json(status: number, body: object, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, { 'content-type': 'application/json', ...headers });
    this.#response.end(JSON.stringify(body));
  }

  text(body: string): void {
    this.#response.writeHead(200, { 'content-type': 'application/pem-certificate-chain' });
    this.#response.end(body);
  }

  problem({ status, type, detail, retryAfter }: Refusal): void {
    const body = { type: `urn:ietf:params:acme:error:${type}`, detail, status };
    this.json(status, body, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
  }
}
