import {
  type Hostname,
  PosternError,
  pointerOf,
  type ResourceName,
  type RouteDescriptor,
  resourceName,
  routeDescriptor,
  serviceSpec,
} from '@postern/contracts';
import { type Imported, type ImportedDocument, isObject, notCarried } from './imported.ts';
import { KrakendReading } from './krakend-reading.ts';
import { readKrakendTls } from './read-krakend-tls.ts';

/** The port KrakenD listens on where its configuration names none. */
const DEFAULT_PORT = 8080;

/** Ports that an edge takes where no setting names others: an edge connects to itself for nobody. */
const EDGE_PORTS: readonly number[] = [8080, 8443];

/**
 * Imports the `tls` object of a KrakenD configuration as a route for `host` in front of that KrakenD, which goes on serving its
 * endpoints, without TLS, behind it.
 *
 * Without a client CA of its own a KrakenD that demands client certificates trusts the system's: no route is made then, since a
 * route without a client CA would let everybody in.
 */
export function importKrakend(
  source: { readonly value: unknown },
  { host, name }: { readonly host: Hostname; readonly name: ResourceName },
): Imported {
  if (!resourceName.safeParse(`${name}-tls`).success) {
    throw new PosternError('validation_failed', {
      detail: `the name "${name}" is too long: the secrets are called ${name}-ca and ${name}-tls`,
    });
  }
  const reading = new KrakendReading(name);
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
  if (reading.findings.some(({ finding }) => finding.code === 'not_made')) {
    return { documents: [], findings: reading.findings, steps: [] };
  }
  const documents = documentsOf({ host, name, port: listen, policy });
  return {
    documents,
    findings: reading.findings,
    steps: [
      ...reading.steps,
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
  host,
  name,
  port,
  policy,
}: {
  readonly host: Hostname;
  readonly name: ResourceName;
  readonly port: number;
  readonly policy: RouteDescriptor['tls'];
}): ImportedDocument[] {
  const spec = routeDescriptor.parse({
    host,
    ...(policy === undefined ? {} : { tls: policy }),
    routes: [{ prefix: '/', route: { service: name } }],
  });
  const targets = [`http://127.0.0.1:${port}`];
  return [
    { kind: 'service', name, spec: serviceSpec.parse({ targets }) },
    { kind: 'route', name, spec, source: 0, base: '' },
  ];
}
