import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { compileMatchers, judgeSubject } from '@postern/admission';
import {
  type HostDocument,
  hostDocument,
  routeDescriptor,
  type SecretRow,
  serviceSpec,
  type Verdict,
} from '@postern/contracts';
import { expect, test } from 'vitest';
import { checkDescriptor } from './check-descriptor.ts';
import { compileHost } from './compile-host.ts';

/** One golden file: what goes in, and what came out when it was last looked at. */
interface Golden {
  about: string;
  rows: {
    route: { name: string; spec: unknown };
    services: Record<string, unknown>;
    secrets: Record<string, SecretRow>;
    issuedCertificate: string | null;
  };
  clients: { commonNames: string[]; dnsNames: string[] }[];
  document?: HostDocument;
  findings?: string[];
  verdicts?: Verdict[];
}

const folder = new URL('../golden/', import.meta.url);
// POSTERN_WRITE_GOLDEN=1 rewrites what came out (format afterwards). In CI a difference is a failure, whatever else is set.
const isUpdating = process.env.POSTERN_WRITE_GOLDEN === '1' && process.env.CI === undefined;
const VALID_UNTIL = 4_102_444_800_000;

function run(golden: Golden): Required<Pick<Golden, 'document' | 'findings' | 'verdicts'>> {
  const spec = routeDescriptor.parse(golden.rows.route.spec);
  const document = compileHost({
    project: 'default',
    route: { name: golden.rows.route.name, spec },
    services: new Map(
      Object.entries(golden.rows.services).map(([name, value]) => [name, serviceSpec.parse(value)]),
    ),
    secrets: new Map(Object.entries(golden.rows.secrets)),
    issuedCertificate: golden.rows.issuedCertificate,
  });
  const matches = document.clientCertificate?.subjectMatches ?? null;
  const compiled = matches === null ? null : compileMatchers(matches);
  if (compiled?.ok === false) throw new Error('an open host with unusable matchers');
  return {
    document: hostDocument.parse(JSON.parse(JSON.stringify(document))),
    findings: checkDescriptor(spec).map(({ severity, code, pointer }) => `${severity} ${code} ${pointer}`),
    verdicts:
      document.clientCertificate === null
        ? []
        : golden.clients.map((names) => judgeSubject({ names, validUntil: VALID_UNTIL }, compiled)),
  };
}

const files = readdirSync(folder).filter((file) => file.endsWith('.json'));

test('there is a golden pair for every kind of matcher', () => {
  const kinds = files.flatMap((file) => {
    const golden = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Golden;
    return (
      golden.document?.clientCertificate?.subjectMatches?.flatMap((matcher) => Object.keys(matcher)) ?? []
    );
  });
  expect(new Set(kinds)).toEqual(new Set(['exact', 'hasPrefix', 'hasSuffix', 'regex']));
});

test.each(files)('%s: rows give this document, and clients these verdicts', (file) => {
  const url = new URL(file, folder);
  const golden = JSON.parse(readFileSync(url, 'utf8')) as Golden;
  const result = run(golden);
  if (isUpdating) writeFileSync(url, `${JSON.stringify({ ...golden, ...result }, null, 2)}\n`);
  else
    expect(result).toEqual({
      document: golden.document,
      findings: golden.findings,
      verdicts: golden.verdicts,
    });
});
