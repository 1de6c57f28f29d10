import type { PosternClient } from '@postern/client';
import { type DocumentKind, PosternError } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { failureKindOf } from '../exit-codes.ts';
import { hintOf, messageOf } from '../output/report-error.ts';
import { type Comparison, textOf } from './compare-document.ts';
import { documentOfResource } from './document-of-resource.ts';
import type { ApplyPlan } from './plan-apply.ts';
import { idOf } from './postern-document.ts';
import type { PresentState } from './present-state.ts';
import { sendDocument } from './run-apply.ts';

/** One resource that an apply would change. */
export interface DocumentDifference {
  readonly kind: DocumentKind;
  readonly name: string;
  /** Null where it would be deleted. */
  readonly file: string | null;
  /** As stored, without defaults; null where it does not exist. */
  readonly before: string | null;
  /** As it would be stored; null where it would be deleted. */
  readonly after: string | null;
}

/**
 * Everything a plan would change. The API is asked how it would store what seems to differ (a dry run), so that its own way
 * of writing it is no difference. `hidden` names secrets whose values nothing public tells apart.
 */
export async function diffDocuments(
  client: PosternClient,
  project: string,
  plan: ApplyPlan,
  state: PresentState,
): Promise<{ readonly differences: readonly DocumentDifference[]; readonly hidden: readonly string[] }> {
  const differences: DocumentDifference[] = [];
  for (const comparison of plan.comparisons) {
    const { document, before } = comparison;
    if (comparison.after === before) continue;
    const after = await normalised(client, project, comparison);
    if (after === before) continue;
    const { kind, name, source } = document;
    differences.push({ kind, name, file: source.file, before, after });
  }
  for (const { kind, name } of plan.removals) {
    const resource = state[kind].get(name);
    const before = resource === undefined ? null : textOf(documentOfResource(kind, resource));
    differences.push({ kind, name, file: null, before, after: null });
  }
  const hidden = plan.comparisons.filter((comparison) => comparison.hidden);
  return { differences, hidden: hidden.map(({ document }) => idOf(document)) };
}

/** The text as the API would store it; ours where it refuses, since it may only miss what the same apply creates. */
async function normalised(client: PosternClient, project: string, comparison: Comparison): Promise<string> {
  try {
    const { resource } = await sendDocument(client, project, comparison, true);
    return textOf(documentOfResource(comparison.document.kind, resource));
  } catch (error) {
    if (error instanceof PosternError && error.findings.length > 0) return comparison.after;
    throw error;
  }
}

/** The same failure with an exit status above 1, which says that something differs. */
export function asDiffFailure(error: unknown): unknown {
  if (failureKindOf(error) !== 'failed') return error;
  return new CliFailure('diff_failed', messageOf(error), { hint: hintOf(error), cause: error });
}
