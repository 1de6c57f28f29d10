import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliFailure, usageFailure } from '../cli-failure.ts';

/** Paths of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The files of a name in a folder: `NAME.crt` and `NAME.key`; what no file name should hold becomes `_`, an asterisk `wildcard`. */
export function certificateFilesOf(directory: string, name: string): CertificateFiles {
  const safe = name
    .replaceAll('*', 'wildcard')
    .replace(/[^\p{L}\p{N}._-]/gu, '_')
    .replace(/^[.-]/, '_');
  return { cert: join(directory, `${safe}.crt`), key: join(directory, `${safe}.key`) };
}

/** Reads the files of `--ca PATH`, which stand at PATH.crt and PATH.key. Usage failure when one cannot be read. */
export function readAuthorityFiles(ca: string): { files: CertificateFiles; certPem: string; keyPem: string } {
  const base = ca.replace(/\.(crt|key)$/, '');
  const files = { cert: `${base}.crt`, key: `${base}.key` };
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (cause) {
      const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
      throw usageFailure(
        `--ca ${ca}: ${file} cannot be read (${reason})`,
        `make the CA first: postern dev-cert ca ${base}`,
      );
    }
  };
  return { files, certPem: read(files.cert), keyPem: read(files.key) };
}

/**
 * Writes a certificate (0644) and its key (0600), both or none. Fails (exit status 6) when one is there already, unless
 * `force`; nothing is replaced then.
 */
export function writeCertificateFiles(
  files: CertificateFiles,
  content: { readonly certPem: string; readonly keyPem: string },
  force: boolean,
): void {
  const taken = [files.cert, files.key].filter((file) => existsSync(file));
  if (taken.length > 0 && !force) throw alreadyThere(taken);
  const suffix = `.${randomBytes(6).toString('hex')}`;
  const parts = [
    { file: files.key, text: content.keyPem, mode: 0o600 },
    { file: files.cert, text: content.certPem, mode: 0o644 },
  ];
  const made: string[] = [];
  try {
    for (const { file, text, mode } of parts) writeFileSync(file + suffix, text, { mode, flag: 'wx' });
    for (const { file } of parts) {
      if (force) renameSync(file + suffix, file);
      // Unlike a rename, a link never takes the place of a file that came meanwhile.
      else linkSync(file + suffix, file);
      made.push(file);
    }
  } catch (cause) {
    if (!force) for (const file of made) rmSync(file, { force: true });
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    if (code === 'EEXIST') throw alreadyThere([files.key, files.cert]);
    throw new CliFailure('failed', `${files.cert} and ${files.key} cannot be written (${code})`, {
      hint: 'choose a folder that is there and may be written with --out-dir',
      cause,
    });
  } finally {
    for (const { file } of parts) rmSync(file + suffix, { force: true });
  }
}

function alreadyThere(files: readonly string[]): CliFailure {
  return new CliFailure('conflict', `${files.join(' and ')} already there: nothing is written`, {
    hint: 'add --force to replace them, or write elsewhere with --out-dir',
  });
}
