import { type Finding, type HostRows, type SecretRow, type Target, urlOfTarget } from '@postern/contracts';
import type { Compiler } from '../store.ts';

/**
 * A Compiler small enough to see through: documents carry the targets and secret ids that the rows hold, and what is
 * named but missing is an error. The real one has tests of its own.
 */
export const suiteCompiler: Compiler = {
  compileHost: (rows) => ({
    host: rows.route.spec.host,
    project: rows.project,
    route: rows.route.name,
    closed: rows.isHostVerified === false ? { reason: 'hostname_not_verified', message: '' } : null,
    certificate:
      idOf(rows, rows.route.spec.tls?.serverCertificate) ??
      rows.issuedCertificate ??
      rows.servedCertificate ??
      null,
    clientCertificate: clientCertificateOf(rows),
    httpBasic: null,
    cors: null,
    rules: rows.route.spec.routes.map((rule) => ({
      name: rule.name ?? null,
      prefix: rule.prefix,
      service: rule.route.service,
      enableWebsockets: false,
    })),
    services: Object.fromEntries(
      [...rows.services].map(([name, spec]) => [
        name,
        {
          targets: spec.targets.map((target) => targetOf(urlOfTarget(target))),
          trustBundle: idOf(rows, spec.tls?.ca),
          clientCertificate: idOf(rows, spec.tls?.clientCertificate),
          hostHeader: spec.hostHeader ?? 'client',
          connectMs: 1,
          responseHeadMs: 1,
          idleBodyMs: 1,
          maxBodyBytes: null,
        },
      ]),
    ),
  }),
  checkRoute: (rows) => [
    ...rows.route.spec.routes.flatMap((rule, index) =>
      rows.services.has(rule.route.service) ? [] : [missing(`/routes/${index}/route/service`)],
    ),
    ...missingSecret('/tls/clientValidationCa/name', rows.route.spec.tls?.clientValidationCa, rows.secrets),
    ...missingSecret('/tls/serverCertificate/name', rows.route.spec.tls?.serverCertificate, rows.secrets),
  ],
  checkClientCas: () => [],
  checkService: (spec, secrets) => [
    ...missingSecret('/tls/ca/name', spec.tls?.ca, secrets),
    ...missingSecret('/tls/clientCertificate/name', spec.tls?.clientCertificate, secrets),
  ],
};

function clientCertificateOf(rows: HostRows) {
  const trustBundle = idOf(rows, rows.route.spec.tls?.clientValidationCa);
  if (trustBundle === null) return null;
  const revocations = rows.hasRevocations === true ? { revocations: true as const } : {};
  return { mode: 'require' as const, trustBundle, subjectMatches: null, ...revocations };
}

function idOf(rows: HostRows, reference: { name: string } | undefined): string | null {
  return reference === undefined ? null : (rows.secrets.get(reference.name)?.id ?? null);
}

function targetOf(text: string): Target {
  const url = new URL(text);
  return { protocol: 'http', host: url.hostname, port: Number(url.port) };
}

function missingSecret(
  pointer: string,
  reference: { name: string } | undefined,
  secrets: ReadonlyMap<string, SecretRow>,
): Finding[] {
  return reference === undefined || secrets.has(reference.name) ? [] : [missing(pointer)];
}

function missing(pointer: string): Finding {
  return {
    severity: 'error',
    code: 'missing_reference',
    message: `nothing is named so: ${pointer}`,
    pointer,
  };
}
