import * as Args from '@oclif/core/args';
import { usageFailure } from '../../cli-failure.ts';

/** The NAME of a command about certificates: a host, in any spelling, or a wildcard. Usage failure. */
export const hostArg = Args.custom<string>({
  description: 'host that the certificate is for, like shop.example.org or *.example.org',
  ignoreStdin: true,
  parse: hostOf,
});

/** Reads a host, in any spelling, or a wildcard. Usage failure. */
export async function hostOf(text: string): Promise<string> {
  const { normaliseHostname } = await import('@postern/contracts');
  const result = normaliseHostname(text);
  if ('host' in result) return result.host;
  throw usageFailure(`"${text}" is not a host: ${result.problem}`);
}
