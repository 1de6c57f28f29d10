import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Paths of a self-signed certificate and its key, made by openssl. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Makes a CA as the walk-through does. */
export function makeCa(directory: string, name: string): CertificateFiles {
  return makeSelfSigned(directory, name, ['-subj', `/CN=${name}.acme.org`]);
}

/** Makes a server certificate for one host. */
export function makeServerCertificate(directory: string, name: string, host: string): CertificateFiles {
  return makeSelfSigned(directory, name, ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]);
}

function makeSelfSigned(directory: string, name: string, more: readonly string[]): CertificateFiles {
  const files = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync(
    'openssl',
    [...request, '-sha256', '-days', '365', ...more, '-keyout', files.key, '-out', files.cert],
    { stdio: 'ignore' },
  );
  return files;
}
