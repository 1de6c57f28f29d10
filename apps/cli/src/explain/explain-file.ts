import { type CheckedList, readCheckedList } from '@postern/admission';
import { compileHost } from '@postern/compile';
import {
  clientCaNamesOf,
  type HostRows,
  LIMITS,
  type RouteDescriptor,
  type SecretRow,
  type ServiceSpec,
  serviceSpec,
} from '@postern/contracts';
import { parseCertificatesPem, readFetchedList } from '@postern/pki';
import { CliFailure, usageFailure } from '../cli-failure.ts';
import { formatPemFindings } from '../descriptor/format-findings.ts';
import { nameOfInput, readInputFile } from '../read-input-file.ts';
import { bundleOf, evaluateKnownRoute, type KnownRoute, sourcesOf } from '../route/known-route.ts';
import { type Explanation, explanationOf } from './explanation.ts';
import { readChainFiles, requestOf } from './read-case.ts';

/** What stands in for the service of each rule: nobody is called. */
const ANY_SERVICE: ServiceSpec = serviceSpec.parse({ targets: ['http://127.0.0.1:9'] });

/**
 * Judges a client by a descriptor and the CA files that flags give it (`NAME=FILE`), offline. Everything else that the descriptor names
 * is taken to exist, and nothing to be revoked but what the lists of `crl` name. Usage failure where a client CA has no file. `now` is milliseconds since 1970.
 */
export function explainFile(
  descriptor: RouteDescriptor,
  flags: {
    readonly cert: string;
    readonly path: string;
    readonly ca?: readonly string[] | undefined;
    readonly crl?: readonly string[] | undefined;
  },
  now: number,
): Explanation {
  const files = caFilesOf(flags.ca ?? []);
  const authorities: string[] = clientCaNamesOf(descriptor);
  const caPem: string[] = [];
  const bundles = authorities.map((name) => {
    const file = files.get(name);
    if (file === undefined) {
      throw usageFailure(
        `the descriptor names the client CA "${name}"`,
        `give its certificates: --ca ${name}=FILE`,
      );
    }
    const authority = readAuthority(file);
    caPem.push(authority.pem);
    return bundleOf(name, authority.ders);
  });
  const lists = (flags.crl ?? []).map((file) => readList(file, caPem.join('\n'), now));
  const known: KnownRoute = {
    name: 'route',
    document: compileHost(rowsOf(descriptor, authorities)),
    sources: sourcesOf(bundles, [], lists),
    caNames: new Map(authorities.map((name) => [name, name])),
  };
  // A wildcard stands for any name below it.
  const request = requestOf(descriptor.host.replace(/^\*/, 'any'), flags.path);
  return explanationOf(
    known,
    request,
    evaluateKnownRoute(known, request, readChainFiles(flags.cert, undefined), now),
    now,
  );
}

/** The certificates (PEM) of `--ca NAME=FILE` flags, by the names of the secrets that they stand for. */
export function caPemsOf(flags: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...caFilesOf(flags)].map(([name, file]) => [name, readAuthority(file).pem]));
}

function caFilesOf(flags: readonly string[]): Map<string, string> {
  return new Map(
    flags.map((flag) => {
      const [, name, file] = /^([^=]+)=(.+)$/.exec(flag) ?? [];
      if (name === undefined || file === undefined) throw usageFailure(`--ca "${flag}" needs NAME=FILE`);
      return [name, file];
    }),
  );
}

function readAuthority(file: string): { ders: Buffer[]; pem: string } {
  const name = nameOfInput(file);
  const text = readInputFile(file, '--ca', LIMITS.secretBytesMax).toString('utf8');
  const parsed = parseCertificatesPem(text, { pointer: '/ca' });
  if (parsed.ok) return { ders: parsed.certificates.map(({ der }) => der), pem: text };
  throw new CliFailure('validation_failed', `${name} cannot be used as CA`, {
    report: formatPemFindings(parsed.findings, () => name),
    findings: parsed.findings,
  });
}

/** A revocation list, PEM or DER, of one of the CAs: hard, as a secret is that does not say otherwise. */
function readList(file: string, caPem: string, now: number): CheckedList {
  const name = nameOfInput(file);
  const bytes = readInputFile(file, '--crl', LIMITS.crlFetchedBytesMax);
  const read = readFetchedList(bytes, { caPem, policy: 'hard', now });
  if (read.ok) return readCheckedList(name, read.secret.document);
  throw new CliFailure('validation_failed', `${name} cannot be used as revocation list`, {
    report: formatPemFindings(read.findings, () => name),
    findings: read.findings,
  });
}

function rowsOf(descriptor: RouteDescriptor, authorities: readonly string[]): HostRows {
  const own = descriptor.tls?.serverCertificate?.name;
  const secrets = new Map<string, SecretRow>(authorities.map((name) => [name, { id: name, type: 'tls-ca' }]));
  if (own !== undefined) secrets.set(own, { id: own, type: 'tls' });
  return {
    project: 'default',
    route: { name: 'route', spec: descriptor },
    services: new Map(descriptor.routes.map((rule) => [rule.route.service, ANY_SERVICE])),
    secrets,
    issuedCertificate: 'issued',
  };
}
