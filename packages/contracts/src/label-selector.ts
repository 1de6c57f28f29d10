import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** One condition of a selector; a resource is selected when it meets all of them. */
export type LabelRequirement =
  | { readonly operator: 'exists' | 'absent'; readonly key: string }
  /** `notIn` also holds for a resource without the label. */
  | { readonly operator: 'in' | 'notIn'; readonly key: string; readonly values: readonly string[] };

const KEY = '[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?';
const VALUE = '[A-Za-z0-9._/-]{0,63}';
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const PRESENCE = new RegExp(`^(!?)\\s*(${KEY})$`);

/**
 * Reads a selector in the grammar of kubectl: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by
 * commas. An empty text selects everything. Gives the requirements, or one sentence about what cannot be read.
 */
export function parseLabelSelector(
  text: string,
): { readonly requirements: readonly LabelRequirement[] } | { readonly problem: string } {
  if (text.length > LIMITS.labelSelectorCharsMax) {
    return { problem: `a label selector has at most ${LIMITS.labelSelectorCharsMax} characters` };
  }
  if (text.trim() === '') return { requirements: [] };
  // Commas within parentheses belong to the set.
  const parts = text.split(/,(?![^()]*\))/);
  if (parts.length > LIMITS.labelRequirementsMax) {
    return { problem: `a label selector has at most ${LIMITS.labelRequirementsMax} conditions` };
  }
  const requirements: LabelRequirement[] = [];
  for (const part of parts) {
    const requirement = readRequirement(part.trim());
    if (requirement === undefined) {
      return {
        problem: `"${part.trim().slice(0, 80)}" is not a condition; write a=b, a!=b, a in (b,c), a notin (b,c), a or !a`,
      };
    }
    requirements.push(requirement);
  }
  return { requirements };
}

function readRequirement(text: string): LabelRequirement | undefined {
  const equality = EQUALITY.exec(text);
  if (equality?.[1] !== undefined) {
    const operator = equality[2] === '!=' ? 'notIn' : 'in';
    return { operator, key: equality[1], values: [equality[3] ?? ''] };
  }
  const set = SET.exec(text);
  if (set?.[1] !== undefined) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    if (values.some((value) => !new RegExp(`^${VALUE}$`).test(value))) return undefined;
    return { operator: set[2] === 'in' ? 'in' : 'notIn', key: set[1], values: [...new Set(values)] };
  }
  const presence = PRESENCE.exec(text);
  if (presence?.[2] === undefined) return undefined;
  return { operator: presence[1] === '!' ? 'absent' : 'exists', key: presence[2] };
}

/** Accepts a selector of labels and gives its requirements; see `parseLabelSelector`. */
export const labelSelector = z.string().transform((text, context): readonly LabelRequirement[] => {
  const result = parseLabelSelector(text);
  if ('requirements' in result) return result.requirements;
  context.addIssue({ code: 'custom', message: result.problem, params: { code: 'label_selector' } });
  return z.NEVER;
});
