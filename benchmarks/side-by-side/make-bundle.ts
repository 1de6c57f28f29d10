import { readFileSync, writeFileSync } from 'node:fs';
import type { CertificateFiles } from '../../apps/edge/src/testing/openssl-certificates.ts';

/** Writes certificate and key into one file, as HAProxy wants them; gives its name. */
export function makeBundle({ cert, key }: CertificateFiles, file: string): string {
  writeFileSync(file, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 });
  return file;
}
