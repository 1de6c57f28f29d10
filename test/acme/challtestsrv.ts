import { takeFreePorts } from '../platform/free-ports.ts';
import { startProcess } from '../platform/platform.ts';

/** A running pebble-challtestsrv: a DNS server whose answers are set one by one. Every name has the address 127.0.0.1. */
export interface ChallengeServer extends AsyncDisposable {
  /** `HOST:PORT` of its DNS. */
  readonly dns: string;
  readonly managementUrl: string;
  /** Calls its management interface, like `add-caa` with `{host, policies}`. */
  set(what: string, body: object): Promise<void>;
}

/**
 * Starts it, on free ports of 127.0.0.1. With `answers`, it also answers http-01 and tls-alpn-01 there itself, for
 * tests that have no edge.
 */
export async function startChallengeServer(
  answers: { readonly httpPort: number; readonly tlsPort: number } | null = null,
): Promise<ChallengeServer> {
  const [dnsPort = 0, managementPort = 0] = await takeFreePorts(2);
  const running = await startProcess(
    'pebble-challtestsrv',
    [
      ...['-dns01', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${managementPort}`],
      ...['-http01', answers === null ? '' : `127.0.0.1:${answers.httpPort}`],
      ...['-tlsalpn01', answers === null ? '' : `127.0.0.1:${answers.tlsPort}`],
      ...['-https01', '', '-defaultIPv6', ''],
    ],
    {},
    /Starting management server/,
  );
  const managementUrl = `http://127.0.0.1:${managementPort}`;
  return {
    dns: `127.0.0.1:${dnsPort}`,
    managementUrl,
    set: (what, body) => setAt(managementUrl, what, body),
    async [Symbol.asyncDispose]() {
      await running.stop();
    },
  };
}

/** Calls the management interface of a server that runs. */
export async function setAt(managementUrl: string, what: string, body: object): Promise<void> {
  const answer = await fetch(`${managementUrl}/${what}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
}
