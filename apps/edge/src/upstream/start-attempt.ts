import { isIP } from 'node:net';
import { PosternError, type Target } from '@postern/contracts/plain';
import { forbidden } from './address-guard.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptOptions } from './attempt-options.ts';
import { startHttp1Attempt } from './h1-attempt.ts';
import { startHttp2Attempt } from './h2-attempt.ts';

/**
 * Connects to one target of a service, in the protocol that it speaks, and sends the head. At once where a connection stands;
 * throws or rejects where none can be had.
 */
export function startAttempt(options: AttemptOptions): Attempt | Promise<Attempt> {
  const { pool, target, authority, request, events, guard } = options;
  if (target.protocol === 'h2c' || (target.protocol === 'https' && request.grpc)) {
    if (request.websocket) {
      throw new PosternError('unsupported_upgrade', {
        detail: 'The service speaks HTTP/2, which carries no WebSockets here.',
      });
    }
    const host = target.host.replace(/^\[|\]$/g, '');
    const refusal = isIP(host) === 0 ? undefined : guard.refusalOf(host, target.port);
    if (refusal !== undefined) throw forbidden(target.host, host, refusal);
    return startHttp2Attempt({
      target,
      authority,
      request,
      events,
      sessions: options.sessions ?? pool.sessionsFor(target),
    });
  }
  return startHttp1Attempt(options);
}

/** A target's own name as Host or :authority. */
export function authorityOf(target: Target): string {
  const host = isIP(target.host) === 6 ? `[${target.host}]` : target.host;
  const usual = target.protocol === 'https' ? 443 : 80;
  return target.port === usual ? host : `${host}:${target.port}`;
}
