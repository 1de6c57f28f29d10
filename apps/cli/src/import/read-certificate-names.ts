import { LIMITS } from '@postern/contracts';
import type { ReadNames } from '@postern/import';
import { parseCertificatesPem } from '@postern/pki';
import { CliFailure } from '../cli-failure.ts';
import { readInputFile } from '../read-input-file.ts';
import { pemTextOf } from '../secret/pem-text.ts';

/** The DNS names of the first certificate in a PEM file, which is that of the server; or why they are not known. */
export const readCertificateNames: ReadNames = (file) => {
  let text: string;
  try {
    // A path of a foreign configuration: `-` there is no standard input.
    const bytes = readInputFile(file === '-' ? './-' : file, 'certificate', LIMITS.secretBytesMax);
    text = pemTextOf(bytes, file, 'cert');
  } catch (error) {
    if (error instanceof CliFailure) return { problem: error.message };
    throw error;
  }
  const read = parseCertificatesPem(text, { pointer: '/cert' });
  if (!read.ok)
    return { problem: `certificate ${file}: ${read.findings[0]?.message ?? 'it cannot be read'}` };
  return { names: read.certificates[0]?.details.dnsNames ?? [] };
};
