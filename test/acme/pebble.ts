import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeFreePorts } from '../platform/free-ports.ts';
import { run, startProcess } from '../platform/platform.ts';

/** Keys for external accounts that Pebble accepts when `externalAccounts` is set. */
export const EXTERNAL_ACCOUNTS = {
  'kid-1': 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W',
} as const;

export interface PebbleOptions {
  /** `HOST:PORT` of the DNS server it asks. */
  readonly dnsServer: string;
  /** Where it looks for answers of http-01 and tls-alpn-01, at the address that DNS gives. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Per cent of good nonces it refuses. */
  readonly nonceReject?: number;
  /** Per cent of orders in which it reuses valid authorizations. */
  readonly authorizationReuse?: number;
  readonly alternateRoots?: number;
  /** It registers only accounts bound to one of EXTERNAL_ACCOUNTS. */
  readonly externalAccounts?: boolean;
  /** Seconds that a certificate is valid; Pebble's own default when absent. */
  readonly lifeSeconds?: number;
}

/** A running Pebble, on free ports of 127.0.0.1. */
export interface Pebble extends AsyncDisposable {
  readonly directoryUrl: string;
  /** File with the CA behind the TLS of the directory itself: what POSTERN_ACME_CA_BUNDLE names. */
  readonly bundleFile: string;
  /** The root of the certificates it issues, PEM; `n` chooses among the alternate ones. */
  rootPem(n?: number): Promise<string>;
  /** `Valid` or `Revoked`, by the hexadecimal serial number. */
  statusOf(serial: string): Promise<string>;
  output(): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts Pebble in strict mode with chains of two and without pauses between its validations. */
export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-pebble-'));
  const [port = 0, managementPort = 0] = await takeFreePorts(2);
  const file = (name: string): string => join(folder, name);
  const made = await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
    ...['-subj', '/CN=pebble', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ...['-keyout', file('key.pem'), '-out', file('cert.pem')],
  ]);
  if (made.code !== 0) throw new Error(made.stderr);
  const config = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: file('cert.pem'),
    privateKey: file('key.pem'),
    httpPort: options.httpPort,
    tlsPort: options.tlsPort,
    ocspResponderURL: '',
    externalAccountBindingRequired: options.externalAccounts ?? false,
    externalAccountMACKeys: EXTERNAL_ACCOUNTS,
    ...(options.lifeSeconds === undefined ? {} : { certificateValidityPeriod: options.lifeSeconds }),
  };
  writeFileSync(file('config.json'), JSON.stringify({ pebble: config }));
  const running = await startProcess(
    'pebble',
    ['-strict', '-config', file('config.json'), '-dnsserver', options.dnsServer],
    {
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 0),
      PEBBLE_AUTHZREUSE: String(options.authorizationReuse ?? 0),
      PEBBLE_ALTERNATE_ROOTS: String(options.alternateRoots ?? 0),
      PEBBLE_CHAIN_LENGTH: '2',
    },
    /ACME directory available at/,
  );
  const ca = readFileSync(file('cert.pem'), 'utf8');
  const manage = (path: string): Promise<string> => get(`https://127.0.0.1:${managementPort}${path}`, ca);
  const stop = async (signal?: NodeJS.Signals): Promise<void> => {
    await running.stop(signal);
  };
  return {
    directoryUrl: `https://127.0.0.1:${port}/dir`,
    bundleFile: file('cert.pem'),
    rootPem: (n = 0) => manage(`/roots/${n}`),
    statusOf: async (serial) =>
      (JSON.parse(await manage(`/cert-status-by-serial/${serial}`)) as { Status: string }).Status,
    output: () => running.output(),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function get(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`${url}: ${answer.statusCode} ${text}`));
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
