import * as Args from '@oclif/core/args';
import { isResourceName, type ResourceName } from '@postern/contracts/plain';
import { usageFailure } from '../cli-failure.ts';

/** The NAME of a command, checked before the API is asked. Usage failure. */
export function nameArg(kind: string) {
  return Args.custom<ResourceName>({
    description: `name of the ${kind}`,
    ignoreStdin: true,
    parse: parseName,
  });
}

/** Reads a resource's name. Usage failure. */
async function parseName(text: string): Promise<ResourceName> {
  if (isResourceName(text)) return text;
  const { parseWith, resourceName } = await import('@postern/contracts');
  const result = parseWith(resourceName, text);
  if (result.ok) return result.value;
  throw usageFailure(`"${text}" is not a name: ${result.findings[0]?.message ?? ''}`);
}
