import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';

/** A small HTTPS client of the edge: every name leads to 127.0.0.1. Without a CA it accepts any server certificate. */
export class EdgeClient implements Disposable {
  readonly #port: number;
  readonly #ca: string | null;
  readonly #agent: Agent;

  constructor(port: number, ca: string | null, agent = new Agent({ keepAlive: true, maxSockets: 8 })) {
    this.#port = port;
    this.#ca = ca;
    this.#agent = agent;
  }

  /** Status of a GET; rejects when the connection fails. */
  async get(host: string, path = '/'): Promise<{ status: number; body: string }> {
    const outgoing = request({
      ...{ host: '127.0.0.1', port: this.#port, servername: host, path, agent: this.#agent },
      ...(this.#ca === null ? { rejectUnauthorized: false } : { ca: this.#ca }),
      headers: { host },
    });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode ?? 0, body };
  }

  /** The certificate a fresh handshake shows; rejects when it is refused. */
  async serverCertificateFingerprint(host: string): Promise<string> {
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port: this.#port,
      servername: host,
      rejectUnauthorized: false,
    });
    await once(socket, 'secureConnect');
    const fingerprint = socket.getPeerCertificate().fingerprint256;
    socket.destroy();
    return fingerprint;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** Asks again until the answer is as wanted; false after the time is over. */
export async function eventually(condition: () => Promise<boolean>, timeoutMs = 60_000): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
    if (await condition().catch(() => false)) return true;
    await new Promise((done) => setTimeout(done, 20));
  }
  return false;
}
