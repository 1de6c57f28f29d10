import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { type DataDirectory, openDataDirectory } from '@postern/api';
import {
  type Hostname,
  type RouteDescriptor,
  resourceName,
  routeDescriptor,
  serviceSpec,
} from '@postern/contracts';
import {
  createDevAuthority,
  type DevCertificate,
  issueDevCertificate,
  parseCaSecret,
  parseTlsSecret,
  sealWithMasterKey,
} from '@postern/pki';
import { copyHosts } from '@postern/store/testing';
import { createReissuer } from './reissue-certificate.ts';

const PROJECT = resourceName.parse('default');
const DAY_MS = 86_400_000;
/** The name of the tls-ca that the last tenth of the hosts share. */
export const SHARED_CA = 'shared-ca';
/** What certificates of a host are called in the templates: six digits take the place of these. */
const NUMBER = '000000';
const FIRST = '000001';

/** A host of the fixture: it demands certificates of its own CA, of one name. */
export interface FixtureHost {
  readonly number: string;
  readonly host: string;
  readonly route: string;
  /** The name of its tls-ca. */
  readonly ca: string;
}

/** What clients and tests need to know of the hosts that `writeManyHosts` wrote. */
export interface ManyHosts {
  readonly count: number;
  /** From 0 up. */
  hostAt(index: number): FixtureHost;
  /** A client that the host admits; all have one key. */
  clientFor(host: FixtureHost): { readonly cert: string; readonly key: string };
  /** Another certificate of the CA that a tenth of the hosts share: its successor. */
  readonly nextSharedCa: string;
  /** PEM of the CA of the server certificates. */
  readonly serverCa: string;
}

interface ManyHostsOptions {
  /** A data directory as the API opens it; made where it is missing. */
  readonly directory: string;
  readonly count: number;
  /** Where every host leads to. */
  readonly target: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Writes hosts: each with a certificate row, a tls-ca and a matcher of its own. The first of its kind goes through the store, the others are
 * copies of its rows under other names. The certificates are one in content and their keys one key, as are those of the CAs; nobody can
 * tell by what is stored, or served.
 */
export async function writeManyHosts(options: ManyHostsOptions): Promise<ManyHosts> {
  const { count, now } = options;
  const templates = await makeTemplates(now);
  const hosts = describeHosts(count, templates);
  const file = join(options.directory, 'postern.db');
  const directory = await openDataDirectory({
    path: options.directory,
    databaseUrl: `sqlite:${file}`,
    now: () => now,
  });
  const firstShared = hosts.hostAt(sharedFrom(count));
  try {
    await writeFirst(directory, options, templates, [hosts.hostAt(0), firstShared]);
  } finally {
    await directory.close();
  }
  const first = hosts.hostAt(0);
  const firstCa = caFacts(templates.firstCa);
  copyHosts({
    ...{ file, host: first.host, withCa: true },
    replacementsOf(index) {
      const { number, ca } = hosts.hostAt(index + 1);
      if (ca === SHARED_CA) return null;
      return [[first.number, number], ...pairs(firstCa, caFacts(templates.caOf(number)))];
    },
  });
  copyHosts({
    ...{ file, host: firstShared.host, withCa: false },
    replacementsOf(index) {
      const at = sharedFrom(count) + 1 + index;
      return at < count ? [[firstShared.number, hosts.hostAt(at).number]] : null;
    },
  });
  return hosts;
}

async function writeFirst(
  { store, masterKey }: DataDirectory,
  { target, now }: ManyHostsOptions,
  templates: Templates,
  hosts: readonly FixtureHost[],
): Promise<void> {
  const seal = (use: string, text: string) => sealWithMasterKey(masterKey, Buffer.from(text), use);
  const service = resourceName.parse('echo');
  await store.createService({
    ...{ project: PROJECT, name: service },
    spec: serviceSpec.parse({ targets: [target] }),
  });
  for (const { number, host, route, ca } of hosts) {
    const { details, bundle } = readCa(ca === SHARED_CA ? templates.caOf(NUMBER) : templates.firstCa, now);
    await store.putSecret({
      ...{ project: PROJECT, name: resourceName.parse(ca), type: 'tls-ca', details },
      sealed: seal(`secret:${PROJECT}/${ca}:tls-ca`, details.caPem ?? ''),
      document: { kind: 'trust-bundle', body: bundle },
    });
    await store.createRoute({
      ...{ project: PROJECT, name: resourceName.parse(route) },
      spec: specOf({ host, number, ca }),
    });
    const { id: orderId, names } = await store.getCertificate(PROJECT, host as Hostname);
    await store.saveIssuedCertificate({
      ...{ orderId, names, issuer: 'local', renewAt: now + 60 * DAY_MS, ariCertId: null },
      document: {
        ...templates.server,
        sealedKey: seal(`certificate-key:issued:${host}`, templates.serverKeyPem),
      },
    });
  }
}

/** The descriptor of a host of the fixture. */
export function specOf({ host, number, ca }: Pick<FixtureHost, 'host' | 'number' | 'ca'>): RouteDescriptor {
  return routeDescriptor.parse({
    host,
    tls: { clientValidationCa: { name: ca } },
    validation: { clientCertificate: { subjectMatches: [{ exact: nameOfClient(number) }] } },
    routes: [{ prefix: '/', route: { service: 'echo' } }],
  });
}

function readCa(certPem: string, now: number) {
  const parsed = parseCaSecret(certPem, { pointer: '', now });
  if (!parsed.ok) throw new Error(`a CA of the fixture is refused: ${parsed.findings[0]?.message}`);
  return parsed.secret;
}

/** What differs between the rows of two CAs, as it stands in JSON: the PEM, and the hash that is fingerprint and content hash. */
function caFacts(pem: string): string[] {
  return [
    JSON.stringify(pem).slice(1, -1),
    createHash('sha256').update(new X509Certificate(pem).raw).digest('hex'),
  ];
}

function pairs(from: readonly string[], to: readonly string[]): (readonly [string, string])[] {
  return from.map((text, n) => [text, to[n] ?? ''] as const);
}

function sharedFrom(count: number): number {
  return Math.floor(count * 0.9);
}

type Templates = Awaited<ReturnType<typeof makeTemplates>>;

async function makeTemplates(now: number) {
  const ca = await createDevAuthority({ name: `Client CA ${NUMBER}`, now, days: 90 });
  const client = await issueDevCertificate({
    ...{ role: 'client', name: nameOfClient(NUMBER), alternativeNames: [], issuer: ca, days: 90, now },
  });
  const serverCa = await createDevAuthority({ name: 'Server CA', now, days: 90 });
  const leaf = await issueDevCertificate({
    ...{ role: 'server', name: '*.scale.test', alternativeNames: ['*.scale.test'] },
    ...{ issuer: serverCa, days: 89, now },
  });
  const server = parseTlsSecret({ cert: leaf.certPem + serverCa.certPem, key: leaf.keyPem }, now);
  if (!server.ok) throw new Error('the server certificate of the fixture is refused');
  return { ...issuersOf(ca, client), server: server.secret.facts, serverKeyPem: leaf.keyPem, serverCa };
}

function issuersOf(ca: DevCertificate, client: DevCertificate) {
  const cas = createReissuer(ca, ca.keyPem);
  const clients = createReissuer(client, ca.keyPem);
  const caOf = (number: string) => cas.reissue([[`CA ${NUMBER}`, `CA ${number}`]]);
  return {
    caOf,
    // Signatures differ each time: the one whose rows are copied is made once.
    firstCa: caOf(FIRST),
    clientOf: (number: string, caNumber: string) => ({
      cert: clients.reissue([
        [`CA ${NUMBER}`, `CA ${caNumber}`],
        [nameOfClient(NUMBER), nameOfClient(number)],
      ]),
      key: client.keyPem,
    }),
  };
}

function describeHosts(count: number, { caOf, clientOf, serverCa }: Templates): ManyHosts {
  const firstShared = sharedFrom(count);
  return {
    count,
    hostAt(index) {
      const number = String(index + 1).padStart(NUMBER.length, '0');
      const ca = index >= firstShared ? SHARED_CA : `ca-${number}`;
      return { number, host: `h${number}.scale.test`, route: `r${number}`, ca };
    },
    clientFor: ({ number, ca }) => clientOf(number, ca === SHARED_CA ? NUMBER : number),
    nextSharedCa: caOf(NUMBER),
    serverCa: serverCa.certPem,
  };
}

function nameOfClient(number: string): string {
  return `client-${number}.scale.test`;
}
