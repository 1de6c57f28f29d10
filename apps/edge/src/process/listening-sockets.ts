import type { SendHandle } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import net, { isIP, isIPv4, type Server } from 'node:net';
import { type ListenAddress, listenFailure } from '@postern/runtime';
import { EDGE_LIMITS } from '../limits.ts';

/** A bound socket, as Node passes it between processes: every process that has it shares one queue of connections. */
export interface SocketHandle {
  getsockname(into: { address?: string; port?: number }): number;
  close(): void;
}

/** A socket that the supervisor keeps open while workers, and supervisors, come and go. */
export interface HeldSocket {
  /** As bound: with the port the system chose for 0. */
  readonly address: ListenAddress;
  readonly handle: SocketHandle;
}

/** What the edge listens on for clients. */
export interface EdgeSockets {
  readonly https: readonly HeldSocket[];
  readonly http: readonly HeldSocket[];
}

/**
 * Binds addresses for workers to listen on. Nothing is accepted here: clients are, from the first worker on that listens, and
 * wait in the kernel's queue whenever there is none.
 *
 * Throws PosternError `unavailable` naming the variable and the address; nothing stays bound then.
 */
export async function bindSockets(
  variable: string,
  addresses: readonly ListenAddress[],
): Promise<HeldSocket[]> {
  const held: HeldSocket[] = [];
  try {
    for (const address of addresses) {
      held.push(
        await bind(address).catch((error: unknown) => {
          throw listenFailure(variable, address, error);
        }),
      );
    }
  } catch (error) {
    for (const { handle } of held) handle.close();
    throw error;
  }
  return held;
}

async function bind({ host, port }: ListenAddress): Promise<HeldSocket> {
  const ip = isIP(host) === 0 ? (await lookup(host)).address : host;
  // As node:cluster does it: `listen` of the public interface accepts, too, in the process that calls it.
  const made = createServerHandle(ip, port, isIPv4(ip) ? 4 : 6);
  if (typeof made === 'number') throw systemError(made);
  const bound: { address?: string; port?: number } = {};
  // libuv tells here, not before, that a port is in use.
  const failed = made.getsockname(bound);
  if (failed !== 0) {
    made.close();
    throw systemError(failed);
  }
  return { address: { host: bound.address ?? ip, port: bound.port ?? port }, handle: made };
}

/** Accepts on a held socket, or on an address of this process's own. Rejects with the error of `listen`. */
export function listenOn(
  server: Server,
  { host, port, handle }: ListenAddress & { readonly handle?: SocketHandle },
): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      // Of a held socket Node does not know where it is bound.
      reject(Object.assign(error, { address: host, port }));
    });
    const onListening = () => {
      server.removeAllListeners('error');
      // A failing accept (too many open files) must not end the worker.
      server.on('error', () => {});
      const bound = server.address();
      resolve(
        typeof bound === 'object' && bound !== null
          ? { host: bound.address, port: bound.port }
          : { host, port },
      );
    };
    if (handle === undefined) server.listen({ host, port, backlog: EDGE_LIMITS.acceptQueueMax }, onListening);
    else server.listen(handle, EDGE_LIMITS.acceptQueueMax, onListening);
  });
}

/** A handle in the form that `send` of a child process is declared to take. */
export function asSendHandle(handle: SocketHandle): SendHandle {
  return handle as unknown as SendHandle;
}

function createServerHandle(address: string, port: number, family: 4 | 6): SocketHandle | number {
  const make = Reflect.get(net, '_createServerHandle') as
    | ((address: string, port: number, family: 4 | 6) => SocketHandle | number)
    | undefined;
  if (make === undefined) throw new Error('this Node cannot bind a socket without accepting on it');
  return make(address, port, family);
}

function systemError(code: number): Error {
  // Not imported: as an ES module node:util makes Node load worker threads and more, 4 ms of each start.
  const name = process.getBuiltinModule('node:util').getSystemErrorName(code);
  return Object.assign(new Error(`bind ${name}`), { code: name });
}
