import type { SecureContext } from 'node:tls';

/** What Node has below a SecureContext, and does not promise. */
interface NativeContext {
  readonly context?: { close?: () => void };
}

/**
 * Frees the native part of a context that no handshake begins with any more, 43 KiB: left to the garbage collector, which sees nothing of them,
 * thousands lie about. Connections made with it hold what they need of it themselves. Where this Node has no way to do so, it is left.
 *
 * In a later turn of the loop: whoever looked the context up in this one begins the handshake in it as well.
 */
export function freeContext(context: SecureContext): void {
  setImmediate(() => (context as NativeContext).context?.close?.());
}
