import * as Flags from '@oclif/core/flags';
import { type Labels, labels as labelsSchema, parseWith } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';

/** Flags of every command that changes what edges serve. */
export const WAIT_FLAGS = {
  wait: Flags.boolean({
    description: 'wait until the edge serves the change (--no-wait does not)',
    default: true,
    allowNo: true,
  }),
};

/** `--label KEY=VALUE`; `description` says what it does to labels that are there. */
export function labelFlag(description: string) {
  return Flags.string({ description, helpValue: 'KEY=VALUE', multiple: true, multipleNonGreedy: true });
}

/** Reads `--label KEY=VALUE` (split at the first `=`); undefined without any. Usage failure, also for what no label can be. */
export function parseLabels(texts: readonly string[] | undefined): Labels | undefined {
  if (texts === undefined) return undefined;
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals <= 0) throw usageFailure(`--label "${text}" needs KEY=VALUE`);
    pairs.set(text.slice(0, equals), text.slice(equals + 1));
  }
  const result = parseWith(labelsSchema, Object.fromEntries(pairs));
  if (result.ok) return result.value;
  throw usageFailure(`--label: ${result.findings[0]?.message ?? 'this is not a label'}`);
}
