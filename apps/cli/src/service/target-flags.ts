import { type ServiceTarget, urlOfTarget, weightOfTarget } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';

export interface TargetFlags {
  readonly target?: readonly string[] | undefined;
  readonly 'target-weight'?: readonly string[] | undefined;
}

/** A target before the contracts check it. */
export type DraftTarget = string | { url: string; weight: number };

/**
 * The targets of a service: those of `--target URL[,weight=N]` in place of the present ones, then the weights of
 * `--target-weight URL=N`. Undefined where there are none. Usage failure for a weight that is no number, or of no target.
 */
export function applyTargetFlags(
  base: readonly ServiceTarget[] | undefined,
  flags: TargetFlags,
): DraftTarget[] | undefined {
  const targets =
    flags.target?.map(readTarget) ??
    base?.map((target) => draftOf(urlOfTarget(target), weightOfTarget(target)));
  for (const text of flags['target-weight'] ?? []) {
    const [, url = '', weight = ''] = /^(.*)=(\d{1,9})$/.exec(text) ?? [];
    if (url === '')
      throw usageFailure(`--target-weight "${text}" needs URL=N`, 'like http://127.0.0.1:3000=3');
    const index =
      targets?.findIndex((target) => (typeof target === 'string' ? target : target.url) === url) ?? -1;
    if (targets === undefined || index < 0) {
      throw usageFailure(
        `--target-weight names ${url}, which is no target of the service`,
        'write it as the service does',
      );
    }
    targets[index] = draftOf(url, Number(weight));
  }
  return targets;
}

function readTarget(text: string): DraftTarget {
  const comma = text.indexOf(',');
  if (comma < 0) return text;
  const weight = /^weight=(\d{1,9})$/.exec(text.slice(comma + 1))?.[1];
  if (weight === undefined) {
    throw usageFailure(`--target "${text}" is not URL[,weight=N]`, 'like http://127.0.0.1:3000,weight=3');
  }
  return draftOf(text.slice(0, comma), Number(weight));
}

/** A weight of 1 is left out, as it is in files. */
function draftOf(url: string, weight: number): DraftTarget {
  return weight === 1 ? url : { url, weight };
}
