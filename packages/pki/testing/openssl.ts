import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own in which the real openssl runs; for tests only. */
export interface OpensslFolder extends Disposable {
  /** Absolute. */
  readonly path: string;
  /** Runs shell lines as a person would type them (bash, stops at the first failure). */
  run(script: string): void;
  read(file: string): string;
  readBytes(file: string): Buffer;
  write(file: string, text: string): void;
}

/** Makes a temporary folder for openssl; `using` or `[Symbol.dispose]` removes it. */
export function openOpensslFolder(): OpensslFolder {
  const folder = mkdtempSync(join(tmpdir(), 'postern-openssl-'));
  return {
    path: folder,
    run(script) {
      execFileSync('bash', ['-euc', script], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    },
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    readBytes: (file) => readFileSync(join(folder, file)),
    write: (file, text) => writeFileSync(join(folder, file), text),
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Lines that make `NAME.key` and the CA `NAME.crt` with P-256 (fast), and a correct CA's extensions. */
export function caScript(name: string, subject = `/CN=${name}`, days = 30): string {
  return `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -out ${name}.crt \
    -days ${days} -subj "${subject}" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign`;
}

/** Lines that make `NAME.key` and `NAME.crt`, signed by `CA.crt`; extensions as in an openssl extension file. */
export function leafScript(
  name: string,
  { ca, subject = `/CN=${name}`, extensions }: { ca: string; subject?: string; extensions?: string },
): string {
  const ext = extensions === undefined ? '' : `-extfile <(printf '%b' '${extensions}')`;
  return `openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -out ${name}.csr -subj "${subject}"
    openssl x509 -req -in ${name}.csr -CA ${ca}.crt -CAkey ${ca}.key -CAcreateserial -days 30 -out ${name}.crt ${ext}`;
}
