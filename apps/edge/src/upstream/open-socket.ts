import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { type Target, targetName } from '@postern/contracts/plain';
import { Deadline } from '../deadlines.ts';
import { type AddressGuard, forbidden } from './address-guard.ts';
import { problemOfUpstream, upstreamTimeout } from './upstream-error.ts';

export interface OpenSocketOptions {
  readonly target: Target;
  /** Null: plain TCP. */
  readonly secureContext: SecureContext | null;
  /** Offered in the handshake. */
  readonly protocols: readonly string[];
  readonly connectMs: number;
  readonly guard: AddressGuard;
  /** Takes what is read in place of the socket's `data` events. */
  readonly onread?: OnReadOpts;
}

/** Connects to a target, and secures and verifies the connection where there is a context. Rejects with upstream problems. */
export function openSocket(options: OpenSocketOptions): Promise<Socket> {
  const { target, guard, connectMs, secureContext } = options;
  const name = targetName(target);
  const host = target.host.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) {
    const refusal = guard.refusalOf(host, target.port);
    if (refusal !== undefined) return Promise.reject(forbidden(target.host, host, refusal));
  }
  return new Promise((resolve, reject) => {
    const address = {
      ...{ host, port: target.port, lookup: guard.lookupFor(target.port) },
      ...(options.onread === undefined ? {} : { onread: options.onread }),
    };
    const socket =
      secureContext === null
        ? connectTcp(address)
        : connectTls({
            ...address,
            secureContext,
            servername: serverNameOf(host),
            ALPNProtocols: [...options.protocols],
          });
    const fail = (error: Error): void => {
      deadline.cancel();
      socket.destroy();
      reject(problemOfUpstream(error, name, false));
    };
    const deadline = new Deadline(connectMs, () => fail(upstreamTimeout('connect', connectMs, name)));
    socket.once('error', fail);
    socket.once(secureContext === null ? 'connect' : 'secureConnect', () => {
      deadline.cancel();
      // Looked at again: what was resolved is not what counts, but whom the connection reached.
      const refusal = guard.refusalOf(socket.remoteAddress ?? '', target.port);
      if (refusal !== undefined) {
        fail(forbidden(target.host, socket.remoteAddress ?? '', refusal));
        return;
      }
      socket.setNoDelay(true);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** SNI of a target; none for IP addresses (RFC 6066 section 3), which are then verified as addresses. */
export function serverNameOf(host: string): string {
  return isIP(host) === 0 ? host : '';
}
