import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Makes every TLS socket of this process give another answer for OpenSSL's verdict, until disposed; undefined takes it away. */
export function replaceVerdict(verifyError: unknown): Disposable {
  const socket = new TLSSocket(new Socket());
  const handle = (socket as unknown as { _handle: object })._handle;
  socket.destroy();
  const prototype = Object.getPrototypeOf(handle) as { verifyError?: unknown };
  const { verifyError: own } = prototype;
  if (typeof own !== 'function') throw new Error('this Node keeps the verdict elsewhere');
  prototype.verifyError = verifyError;
  return {
    [Symbol.dispose]() {
      prototype.verifyError = own;
    },
  };
}
