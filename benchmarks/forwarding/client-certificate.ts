import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { CertificateFiles } from '../../apps/edge/src/testing/openssl-certificates.ts';

/** How wrk and h2load are made to show client certificates, or why they cannot be. */
export type Preload = { readonly library: string } | { readonly missing: string };

/** Compiles the library that gives wrk and h2load a client certificate, into `directory`. */
export function compilePreload(directory: string): Preload {
  const library = join(directory, 'client-certificate.so');
  const source = join(import.meta.dirname, 'client-certificate.c');
  const { status, error, stderr } = spawnSync(
    'cc',
    ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'],
    {
      encoding: 'utf8',
    },
  );
  if (status === 0) return { library };
  return { missing: error === undefined ? `cc: ${stderr.trim()}` : 'no C compiler (cc)' };
}

/** Variables under which a load generator shows the certificate. */
export function preloadEnv(library: string, { cert, key }: CertificateFiles): Record<string, string> {
  return { LD_PRELOAD: library, BENCH_CLIENT_CHAIN: cert, BENCH_CLIENT_KEY: key };
}
