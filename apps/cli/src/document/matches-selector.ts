import { type LabelRequirement, type Labels, parseLabelSelector } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';

/** Reads `--selector`; usage failure for what is none, or selects everything where that is not meant. */
export function readSelector(text: string): readonly LabelRequirement[] {
  const parsed = parseLabelSelector(text);
  if ('problem' in parsed) throw usageFailure(`--selector: ${parsed.problem}`);
  if (parsed.requirements.length === 0) throw usageFailure('--selector is empty', 'like -l team=shop');
  return parsed.requirements;
}

/** Whether labels meet every condition of a selector. */
export function matchesSelector(labels: Labels, requirements: readonly LabelRequirement[]): boolean {
  return requirements.every((requirement) => meets(labels, requirement));
}

function meets(labels: Labels, requirement: LabelRequirement): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notIn':
      return value === undefined || !requirement.values.includes(value);
  }
}
