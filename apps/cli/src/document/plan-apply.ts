import { DOCUMENT_KINDS, type DocumentKind, type LabelRequirement } from '@postern/contracts';
import { reportDocument } from './check-document-set.ts';
import { checkReferences } from './check-references.ts';
import { type Comparison, compareDocument } from './compare-document.ts';
import { labelsAfter } from './document-of-resource.ts';
import { type DocumentReport, hasErrors, rejectedDocuments } from './document-report.ts';
import { matchesSelector } from './matches-selector.ts';
import { idOf, type PosternDocument } from './postern-document.ts';
import { type PresentState, presentOf } from './present-state.ts';

/** Something that a prune deletes. */
export interface Removal {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly version: number;
}

/** What an apply does, in this order: comparisons first, then removals. */
export interface ApplyPlan {
  readonly comparisons: readonly Comparison[];
  readonly removals: readonly Removal[];
}

/**
 * Settles what an apply of documents does: secrets, services, routes, and deletions of what `prune` selects and no document
 * describes in the reverse order. Validation failure, before anything is written, for a missing reference, for a secret that
 * is not as a document without values says, and for a document that `prune` would not select.
 */
export function planApply(
  documents: readonly PosternDocument[],
  state: PresentState,
  prune: readonly LabelRequirement[] | null,
): ApplyPlan {
  const removals = prune === null ? [] : removalsOf(documents, state, prune);
  const reports: DocumentReport[] = [
    ...checkReferences(documents, state, new Set(removals.map(idOf))),
    ...(prune === null ? [] : unselected(documents, state, prune)),
  ];
  if (hasErrors(reports)) throw rejectedDocuments(reports);
  const comparisons = DOCUMENT_KINDS.flatMap((kind) =>
    documents
      .filter((document) => document.kind === kind)
      .map((document) => compareDocument(document, state)),
  );
  return { comparisons, removals };
}

function removalsOf(
  documents: readonly PosternDocument[],
  state: PresentState,
  prune: readonly LabelRequirement[],
): Removal[] {
  const described = new Set(documents.map(idOf));
  return DOCUMENT_KINDS.toReversed().flatMap((kind) =>
    [...state[kind].values()]
      .filter(({ name, labels }) => !described.has(idOf({ kind, name })) && matchesSelector(labels, prune))
      .map(({ name, version }) => ({ kind, name, version })),
  );
}

/** What is applied without the labels would never be pruned: most likely they were forgotten. */
function unselected(
  documents: readonly PosternDocument[],
  state: PresentState,
  prune: readonly LabelRequirement[],
): DocumentReport[] {
  return documents
    .filter((document) => {
      const labels = labelsAfter(document.labels, presentOf(state, document)?.labels);
      return !matchesSelector(labels, prune);
    })
    .map((document) => {
      const message = `${idOf(document)} has not the labels that --prune selects: no later prune would see it`;
      return reportDocument(document, [
        {
          severity: 'error',
          code: 'labels',
          message,
          pointer: document.labels === null ? '/name' : '/labels',
        },
      ]);
    });
}
