import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type Hostname, hostOfAuthority, LIMITS } from '@postern/contracts';
import { parseCertificatesPem } from '@postern/pki';
import { CliFailure, usageFailure } from '../cli-failure.ts';
import { formatPemFindings } from '../descriptor/format-findings.ts';
import { nameOfInput, readInputFile } from '../read-input-file.ts';

/** A request as the flags of `route test` describe it. */
export interface TestRequest {
  readonly serverName: Hostname;
  readonly authority: string;
  readonly method: string;
  readonly target: string;
  readonly websocket: boolean;
  /** Names of given fields that are not looked at. */
  readonly ignoredFields: readonly string[];
}

/**
 * Reads the URL byte for byte, as no URL parser would: dot segments and escapes are what is asked about. Usage failure for what is
 * no https URL of a host.
 */
export function readTestRequest(url: string, method: string, fields: readonly string[] = []): TestRequest {
  const [, authority, rest = ''] = /^https:\/\/([^/?#]+)([^#]*)/i.exec(url) ?? [];
  if (/^http:\/\//i.test(url)) {
    throw usageFailure(
      'over http:// nothing is served',
      'the edge answers 308 to the https:// URL: test that one',
    );
  }
  const serverName = authority === undefined ? undefined : hostOfAuthority(authority);
  if (authority === undefined || serverName === undefined) {
    throw usageFailure(
      `"${url}" is not the https:// URL of a host`,
      'write it like https://shop.example.org/path',
    );
  }
  if (!/^[A-Z-]+$/.test(method))
    throw usageFailure(`--method "${method}" is not a method`, 'like GET or POST');
  const given = fields.map(readField);
  const hosts = given.filter(([name]) => name === 'host').map(([, value]) => value);
  if (hosts.length > 1) throw usageFailure('two Hosts are given', 'the edge answers 400 to them');
  const upgrade = given.find(([name]) => name === 'upgrade')?.[1];
  return {
    serverName,
    authority: hosts[0] ?? authority,
    method,
    target: rest.startsWith('/') ? rest : `/${rest}`,
    websocket: upgrade?.trim().toLowerCase() === 'websocket',
    ignoredFields: given.map(([name]) => name).filter((name) => name !== 'host' && name !== 'upgrade'),
  };
}

function readField(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name.toLowerCase(), value];
  throw usageFailure(`--header "${text}" needs "NAME: VALUE"`);
}

/** The DERs of a client's chain file, leaf first. Validation failure for what is no PEM, or where the key is another one's. */
export function readClientChain(certFile: string, keyFile: string | undefined, flag = '--cert'): Buffer[] {
  const name = nameOfInput(certFile);
  const text = readInputFile(certFile, flag, LIMITS.secretBytesMax).toString('utf8');
  const parsed = parseCertificatesPem(text, { pointer: '/cert' });
  if (!parsed.ok) {
    throw new CliFailure('validation_failed', `${name} cannot be used as client certificate`, {
      report: formatPemFindings(parsed.findings, () => name),
      findings: parsed.findings,
    });
  }
  const chain = parsed.certificates.map(({ der }) => der);
  const [leaf] = chain;
  if (keyFile !== undefined && leaf !== undefined) checkKey(leaf, keyFile);
  return chain;
}

function checkKey(leaf: Buffer, keyFile: string): void {
  const text = readInputFile(keyFile, '--key', LIMITS.secretBytesMax);
  let fits: boolean;
  try {
    fits = new X509Certificate(leaf).checkPrivateKey(createPrivateKey(text));
  } catch (cause) {
    throw new CliFailure(
      'validation_failed',
      `${nameOfInput(keyFile)} is no unencrypted private key in PEM`,
      { cause },
    );
  }
  if (fits) return;
  throw new CliFailure(
    'validation_failed',
    `the key ${nameOfInput(keyFile)} belongs to another certificate`,
    {
      hint: 'a client needs the key of the first certificate in the file',
    },
  );
}
