import {
  type Hostname,
  PosternError,
  pointerOf,
  type ResourceName,
  resourceName,
  routeDescriptor,
  serviceSpec,
} from '@postern/contracts';
import { type Imported, type ImportedDocument, isObject, notCarried } from './imported.ts';
import { hostsOfPairs, type KrakendHost, type ReadNames } from './krakend-hosts.ts';
import { KrakendReading } from './krakend-reading.ts';
import { type KrakendTls, readKrakendTls } from './read-krakend-tls.ts';

/** The port KrakenD listens on where its configuration names none. */
const DEFAULT_PORT = 8080;

/** Ports that an edge takes where no setting names others: an edge connects to itself for nobody. */
const EDGE_PORTS: readonly number[] = [8080, 8443];

/**
 * Imports the `tls` object of a KrakenD configuration as routes in front of that KrakenD, which goes on serving its endpoints,
 * without TLS, behind them: one for `host`, and with several key pairs one for each host that their certificates name.
 *
 * Without a client CA of its own a KrakenD that demands client certificates trusts the system's: no route is made then, since a
 * route without a client CA would let everybody in.
 */
export function importKrakend(
  source: { readonly value: unknown },
  {
    host,
    name,
    readNames,
  }: {
    /** Needed where no certificate names one. */
    readonly host?: Hostname | undefined;
    readonly name: ResourceName;
    readonly readNames: ReadNames;
  },
): Imported {
  const reading = new KrakendReading();
  if (!isObject(source.value)) {
    reading.notMade('', 'this is no configuration of KrakenD');
    return { documents: [], findings: reading.findings, steps: [] };
  }
  const { tls, port, ...others } = source.value;
  for (const key of Object.keys(others)) {
    reading.found(
      notCarried(pointerOf([key]), `"${key}" stays with KrakenD, which goes on behind the route`),
    );
  }
  const policy = readKrakendTls(tls, reading);
  const listen = portOf(port, reading);
  const hosts = hostsOfPairs(policy.pairs, host, readNames, reading);
  if (reading.makesNothing) return { documents: [], findings: reading.findings, steps: [] };
  return {
    documents: documentsOf({ hosts, name, port: listen, policy }),
    findings: reading.findings,
    steps: [
      ...secretsOf(name, policy),
      `in KrakenD's configuration set "tls": null and "listen_ip": "127.0.0.1": whoever reaches port ${listen} gets past Postern`,
      ...(EDGE_PORTS.includes(listen)
        ? [
            `where both run on one machine, give KrakenD another "port" and import again: an edge listens on ${listen} itself unless it is told otherwise`,
          ]
        : []),
    ],
  };
}

function portOf(port: unknown, reading: KrakendReading): number {
  if (port === undefined) return DEFAULT_PORT;
  if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  reading.notMade('/port', 'the port is not a number from 1 to 65535');
  return DEFAULT_PORT;
}

function documentsOf({
  hosts,
  name,
  port,
  policy,
}: {
  readonly hosts: readonly KrakendHost[];
  readonly name: ResourceName;
  readonly port: number;
  readonly policy: KrakendTls;
}): ImportedDocument[] {
  const targets = [`http://127.0.0.1:${port}`];
  const clientValidationCa = policy.clientCas.length === 0 ? undefined : { name: named(`${name}-ca`) };
  return [
    { kind: 'service', name, spec: serviceSpec.parse({ targets }) },
    ...hosts.map(({ host, pair }, index): ImportedDocument => {
      const tls = {
        ...(clientValidationCa === undefined ? {} : { clientValidationCa }),
        ...(pair === null ? {} : { serverCertificate: { name: numbered(`${name}-tls`, pair) } }),
      };
      const spec = routeDescriptor.parse({
        host,
        ...(Object.keys(tls).length === 0 ? {} : { tls }),
        routes: [{ prefix: '/', route: { service: name } }],
      });
      return { kind: 'route', name: numbered(name, index), spec, source: 0, base: '' };
    }),
  ];
}

/** The commands that make the secrets of the routes. */
function secretsOf(name: ResourceName, { clientCas, pairs }: KrakendTls): string[] {
  const files = clientCas.map(quote).join(' ');
  const ca = `postern secret create tls-ca ${name}-ca --cert`;
  return [
    ...(clientCas.length === 0 ? [] : [clientCas.length === 1 ? `${ca} ${files}` : `cat ${files} | ${ca} -`]),
    ...pairs.map(
      ({ cert, key }, index) =>
        `postern secret create tls ${numbered(`${name}-tls`, index)} --cert ${quote(cert)} --key ${quote(key)}`,
    ),
  ];
}

/** The first of a kind has the plain name, the next one `-2` behind it. */
function numbered(name: string, index: number): ResourceName {
  return named(index === 0 ? name : `${name}-${index + 1}`);
}

function named(text: string): ResourceName {
  const result = resourceName.safeParse(text);
  if (result.success) return result.data;
  throw new PosternError('validation_failed', {
    detail: `the name is too long: routes and secrets are called after it, and "${text}" is none`,
  });
}

function quote(file: string): string {
  return /^[\w@%+=:,./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
