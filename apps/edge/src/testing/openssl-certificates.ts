import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files of one certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Makes client certificates with the openssl command, as their owners do. P-256; files go into the given folder. */
export class OpensslCertificates {
  readonly #directory: string;
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A self-signed certificate; of a CA unless other extension lines are given. */
  selfSigned(
    name: string,
    extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'],
  ): CertificateFiles {
    const files = this.#next();
    const config = join(this.#directory, `${this.#count}.cnf`);
    writeFileSync(
      config,
      `[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\n${extensions.join('\n')}\n`,
    );
    this.#run(
      'req',
      '-x509',
      '-config',
      config,
      ...newKey(files),
      '-subj',
      `/CN=${name}`,
      '-days',
      '30',
      '-out',
      files.cert,
    );
    return files;
  }

  /** A certificate signed by `issuer`. `days` below 0 gives an expired one; `key` is that of another certificate. */
  signed(
    issuer: CertificateFiles,
    name: string,
    extensions: readonly string[] = [`subjectAltName=DNS:${name}`],
    days = 30,
    key?: string,
  ): CertificateFiles {
    const made = this.#next();
    const files = { ...made, key: key ?? made.key };
    const base = join(this.#directory, `${this.#count}`);
    writeFileSync(`${base}.ext`, extensions.join('\n'));
    const keyArguments = key === undefined ? newKey(files) : ['-new', '-key', key];
    this.#run('req', ...keyArguments, '-subj', `/CN=${name}`, '-out', `${base}.csr`);
    const issued = ['-CA', issuer.cert, '-CAkey', issuer.key, '-CAcreateserial', '-days', String(days)];
    this.#run('x509', '-req', '-in', `${base}.csr`, ...issued, '-extfile', `${base}.ext`, '-out', files.cert);
    return files;
  }

  #next(): CertificateFiles {
    this.#count += 1;
    const base = join(this.#directory, `${this.#count}`);
    return { cert: `${base}.pem`, key: `${base}.key` };
  }

  #run(...args: string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

function newKey(files: CertificateFiles): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', files.key];
}

/** The text of a PEM file. */
export function pemOf(file: string): string {
  return readFileSync(file, 'utf8');
}
