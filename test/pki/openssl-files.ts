import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate with its key, and optionally the certificates to send above it, as files. */
export interface Files {
  readonly cert: string;
  readonly key: string;
  readonly chain?: string;
}

/** Makes certificates in a folder with the openssl command, as users do. Keys are P-256 to keep suites fast. */
export class OpensslFiles {
  readonly #directory: string;
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A self-signed CA. */
  ca(commonName: string): Files {
    const files = this.#next();
    this.#openssl([
      'req',
      '-x509',
      ...this.#newKey(files.key),
      '-sha256',
      '-days',
      '30',
      '-subj',
      `/CN=${commonName}`,
      '-out',
      files.cert,
    ]);
    return files;
  }

  /** A certificate signed by `issuer`. `extensions` are lines of an openssl extension file; none gives a v1 certificate. */
  signed(issuer: Files, commonName: string, extensions: readonly string[], days = 30): Files {
    const files = this.#next();
    const request = `${files.cert}.csr`;
    this.#openssl(['req', ...this.#newKey(files.key), '-subj', `/CN=${commonName}`, '-out', request]);
    const extensionFile = `${files.cert}.ext`;
    writeFileSync(extensionFile, extensions.join('\n'));
    this.#openssl([
      ...[
        'x509',
        '-req',
        '-in',
        request,
        '-CA',
        issuer.cert,
        '-CAkey',
        issuer.key,
        '-CAcreateserial',
        '-sha256',
      ],
      ...['-days', String(days), '-out', files.cert],
      ...(extensions.length > 0 ? ['-extfile', extensionFile] : []),
    ]);
    return files;
  }

  #next(): Files {
    this.#count += 1;
    const base = join(this.#directory, `${this.#count}`);
    return { cert: `${base}.crt`, key: `${base}.key` };
  }

  #newKey(file: string): string[] {
    return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file];
  }

  #openssl(args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

/** The kinds of client certificate that every admission test goes through, of one CA. */
export function makeClientCertificates(
  files: OpensslFiles,
  ca: Files,
  otherCa: Files,
): Record<string, Files | null> {
  const clientAuth = ['extendedKeyUsage=clientAuth', 'subjectAltName=DNS:client.acme.org'];
  const intermediate = files.signed(ca, 'Intermediate', [
    'basicConstraints=critical,CA:true',
    'keyUsage=critical,keyCertSign',
  ]);
  return {
    none: null,
    right: files.signed(ca, 'client.acme.org', clientAuth),
    'wrong CA': files.signed(otherCa, 'client.acme.org', clientAuth),
    expired: files.signed(ca, 'client.acme.org', clientAuth, -1),
    'serverAuth only': files.signed(ca, 'client.acme.org', ['extendedKeyUsage=serverAuth']),
    'CN-only v1': files.signed(ca, 'client.acme.org', []),
    'through an intermediate': {
      ...files.signed(intermediate, 'client.acme.org', clientAuth),
      chain: intermediate.cert,
    },
    'self-signed': files.ca('client.acme.org'),
  };
}
