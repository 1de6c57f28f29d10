import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

interface Wanted {
  readonly port: number;
  readonly host: string;
  readonly cert: string;
  readonly key: string;
}

/** A connection to a host with a client's certificate. */
export interface MtlsClient {
  /** Status of a GET. Rejects where the connection ends before the answer. */
  get(path: string): Promise<number>;
  end(): void;
}

/** Connects with TLS 1.2 or 1.3, without resuming anything. Rejects where the handshake fails. */
export async function openClient({ port, host, cert, key }: Wanted): Promise<MtlsClient> {
  const socket: TLSSocket = connect({
    ...{ host: '127.0.0.1', port, servername: host, cert, key, rejectUnauthorized: false },
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  let answered: (status: number) => void = () => {};
  let failed: (error: Error) => void = () => {};
  socket.on('data', (data: Buffer) =>
    answered(Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString('latin1'))?.[1] ?? 0)),
  );
  socket.on('error', (error) => failed(error));
  const closed = () => new Error(`the connection to ${host} was closed`);
  socket.on('close', () => failed(closed()));
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) reject(closed());
        answered = resolve;
        failed = reject;
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      }),
    end: () => void socket.destroy(),
  };
}
