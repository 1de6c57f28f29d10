import { once } from 'node:events';
import { connect as connectPlain, createServer, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target } from '@postern/contracts';
import { type ListenAddress, listenFailure, writeListenAddress } from '@postern/runtime';

/** Milliseconds that one target has to take a connection. */
const CONNECT_MS = 5000;

export interface ServiceProxyOptions {
  readonly listen: ListenAddress;
  /** Taken in turn; one that takes no connection is passed over. */
  readonly targets: readonly Target[];
  /** What alone is trusted of https targets; undefined: the public roots. */
  readonly caPem?: string | undefined;
  /** Told of connections that no target took. */
  readonly onFailure: (message: string) => void;
}

/**
 * Relays connections of a local port to a service's targets, byte for byte; with https targets TLS is added. Fails as
 * `listenFailure` does. `close` ends what is open.
 */
export async function startServiceProxy(
  options: ServiceProxyOptions,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const { listen, targets, onFailure } = options;
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const first = turn++;
    const order = targets.map((_, place) => targets[(first + place) % targets.length] as Target);
    keep(open, client);
    connectFirst(order, options).then(
      (upstream) => {
        keep(open, upstream);
        relay(client, upstream);
      },
      (error: unknown) => {
        client.destroy();
        onFailure(error instanceof Error ? error.message : String(error));
      },
    );
  });
  try {
    server.listen(listen.port, listen.host);
    await once(server, 'listening');
  } catch (error) {
    throw listenFailure('--listen', listen, error);
  }
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : listen.port;
  return {
    address: writeListenAddress({ host: listen.host, port }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

async function connectFirst(targets: readonly Target[], { caPem }: ServiceProxyOptions): Promise<Socket> {
  const failures: string[] = [];
  for (const target of targets) {
    try {
      return await connectTo(target, caPem);
    } catch (error) {
      failures.push(
        `${target.host}:${target.port}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  throw new Error(failures.join('; '));
}

async function connectTo({ protocol, host, port }: Target, caPem: string | undefined): Promise<Socket> {
  const isTls = protocol === 'https';
  const socket = isTls
    ? connectTls({
        ...{ host, port, allowHalfOpen: true, ALPNProtocols: ['http/1.1'] },
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(caPem === undefined ? {} : { ca: caPem }),
      })
    : connectPlain({ host, port, allowHalfOpen: true });
  try {
    await once(socket, isTls ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw error instanceof Error && error.name === 'AbortError' ? new Error('no connection in time') : error;
  }
}

function keep(open: Set<Socket>, socket: Socket): void {
  open.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => open.delete(socket));
}

/** Each side's end goes on to the other; where one breaks, so does the other. */
function relay(client: Socket, upstream: Socket): void {
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
  client.pipe(upstream);
  upstream.pipe(client);
}
