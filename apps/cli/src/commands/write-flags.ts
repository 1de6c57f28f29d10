import { Flags } from '@oclif/core';
import type { Labels } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';

/** Flags of every command that changes what edges serve. */
export const WAIT_FLAGS = {
  wait: Flags.boolean({
    description: 'wait until the edge serves the change (--no-wait does not)',
    default: true,
    allowNo: true,
  }),
};

export const labelFlag = Flags.string({
  description: 'a label; repeatable, adds to those that are there',
  helpValue: 'KEY=VALUE',
  multiple: true,
  multipleNonGreedy: true,
});

/** Reads `--label KEY=VALUE` (split at the first `=`); undefined without any. Usage failure. */
export function parseLabels(texts: readonly string[] | undefined): Labels | undefined {
  if (texts === undefined) return undefined;
  const labels = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals <= 0) throw usageFailure(`--label "${text}" needs KEY=VALUE`);
    labels.set(text.slice(0, equals), text.slice(equals + 1));
  }
  return Object.fromEntries(labels);
}
