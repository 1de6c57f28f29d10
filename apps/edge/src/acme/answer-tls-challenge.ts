import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { endSecure, type Lingerer } from '../accept/linger.ts';
import { runHandshake } from '../tls/handshake.ts';
import { ACME_TLS } from './challenge-answers.ts';

const NO_INTERMEDIATES = { find: () => [], above: () => [], mayRead: () => false };

/**
 * Runs a tls-alpn-01 handshake to its end and closes: nothing is served, and no certificate asked for. Gives whether it came to
 * its end with the protocol of challenges.
 */
export async function answerTlsChallenge(
  raw: Socket,
  options: {
    readonly secureContext: SecureContext;
    /** As it stood in the ClientHello. */
    readonly serverName: string;
    readonly timeoutMs: number;
    readonly lingerer: Lingerer;
  },
): Promise<boolean> {
  const handshake = await runHandshake(raw, {
    ...options,
    evaluate: null,
    intermediates: NO_INTERMEDIATES,
    protocols: [ACME_TLS],
  });
  if (handshake.outcome === 'failed') return false;
  endSecure(options.lingerer, handshake.socket);
  return handshake.alpn === ACME_TLS;
}
