import { connect, rootCertificates } from 'node:tls';
import { type Check, check } from './check.ts';

interface EdgeOptions {
  readonly host: string;
  readonly port: number;
  /** PEM of Postern's own CA; null where there is none. */
  readonly localCaPem: string | null;
  readonly timeoutMs: number;
}

/**
 * Makes a TLS handshake with the public address of a host, as a client does, and looks whether its certificate is trusted. Shows no
 * certificate: on a host that demands one the handshake still comes so far. Names below localhost are this machine, as for curl.
 */
export function checkEdge({ host, port, localCaPem, timeoutMs }: EdgeOptions): Promise<Check> {
  const where = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({
      host: /(^|\.)localhost$/.test(host) ? '127.0.0.1' : host,
      port,
      servername: host,
      ca: [...rootCertificates, ...(localCaPem === null ? [] : [localCaPem])],
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    const finish = (result: Check): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => {
      finish(
        check(
          'edge',
          'fail',
          `${where}: no handshake within ${timeoutMs} ms`,
          'a firewall may stand between',
        ),
      );
    }, timeoutMs);
    socket.on('error', (error) => finish(failed(where, error)));
    socket.once('close', () =>
      finish(check('edge', 'fail', `${where}: the connection was closed`, 'see the log of the edge')),
    );
    socket.once('secureConnect', () => {
      const reason = String(socket.authorizationError ?? '');
      finish(
        socket.authorized
          ? check('edge', 'pass', `${where} completes a handshake with a trusted certificate`)
          : check(
              'edge',
              'warn',
              `${where} shows a certificate that is not trusted here (${reason})`,
              'clients need its CA',
            ),
      );
    });
  });
}

function failed(where: string, error: Error): Check {
  const code = 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ECONNREFUSED') {
    return check('edge', 'fail', `nothing listens at ${where}`, 'start an edge: postern edge, or postern up');
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return check(
      'edge',
      'fail',
      `the name of ${where} cannot be resolved`,
      'let its DNS record name an edge',
    );
  }
  if (code.includes('UNRECOGNIZED_NAME')) {
    return check(
      'edge',
      'fail',
      `an edge answers at ${where}, but does not serve this host`,
      'see postern route list',
    );
  }
  return check('edge', 'fail', `${where}: the handshake failed (${code})`, 'see the log of the edge');
}
