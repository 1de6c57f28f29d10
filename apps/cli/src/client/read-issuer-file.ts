import { LIMITS } from '@postern/contracts';
import { parseCertificatesPem } from '@postern/pki';
import { CliFailure } from '../cli-failure.ts';
import { nameOfInput, readInputFile } from '../read-input-file.ts';

/** The subject of the one certificate in a PEM file, in its own order. Usage or validation failure. */
export function readIssuerFile(path: string): string {
  const text = readInputFile(path, '--issuer', LIMITS.secretBytesMax).toString('utf8');
  const parsed = parseCertificatesPem(text, { pointer: '' });
  const [certificate, ...more] = parsed.ok ? parsed.certificates : [];
  if (certificate !== undefined && more.length === 0) return certificate.details.subject;
  throw new CliFailure('validation_failed', `--issuer: ${nameOfInput(path)} is not one certificate (PEM)`);
}
