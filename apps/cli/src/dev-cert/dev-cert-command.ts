import * as Flags from '@oclif/core/flags';
import type { DevCertificate } from '@postern/pki';
import { PosternCommand } from '../base-command.ts';
import { usageFailure } from '../cli-failure.ts';
import type { OutputFlags } from '../output/output-format.ts';
import { type CertificateFiles, writeCertificateFiles } from './certificate-files.ts';

/** Days. Longer lives than these are a mistake, also for tests. */
const DAYS_MAX = 36_500;

/** Flags of every `dev-cert` command. */
export const DEV_CERT_FLAGS = {
  'out-dir': Flags.string({ description: 'folder to write into', helpValue: 'DIR', default: '.' }),
  force: Flags.boolean({ description: 'replace files that are there' }),
};

/** `--days` with a default. Usage failure for anything but 1 to DAYS_MAX. */
export function daysFlag(days: number) {
  return Flags.custom<number>({
    description: 'days that the certificate is valid; never longer than its CA',
    helpValue: 'DAYS',
    default: days,
    defaultHelp: async () => String(days),
    parse: async (text) => {
      const value = Number(text);
      if (/^\d+$/.test(text) && value >= 1 && value <= DAYS_MAX) return value;
      throw usageFailure(`--days "${text}" is not a number of days from 1 to ${DAYS_MAX}`);
    },
  })();
}

/** Refuses a name with what no certificate should hold. Usage failure. */
export function checkCertificateName(name: string): void {
  if (name.trim() !== '' && !/[\u0000-\u001f\u007f-\u009f]/.test(name)) return;
  throw usageFailure('the name is empty or holds control characters');
}

/** Makes files for tests; calls no API. */
export abstract class DevCertCommand extends PosternCommand {
  /** Writes the files, shows where they are, and says what can be done with them next. */
  protected async write(
    flags: OutputFlags & { readonly force: boolean },
    files: CertificateFiles,
    made: DevCertificate,
    next: readonly string[],
  ): Promise<void> {
    this.quietFor(flags);
    writeCertificateFiles(files, made, flags.force);
    const { formatFields } = await import('../output/format-table.ts');
    const notAfter = new Date(made.notAfter).toISOString();
    await this.show(flags, {
      data: { ...files, notAfter, next },
      names: [files.cert, files.key],
      text: () =>
        formatFields([
          ['Certificate', files.cert],
          ['Key', files.key],
          ['Valid until', notAfter],
        ]),
    });
    this.say(
      `For tests only: the key is not encrypted. Next:\n${next.map((line) => `  ${line}`).join('\n')}`,
    );
  }
}
