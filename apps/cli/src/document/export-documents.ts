import type { DocumentKind } from '@postern/contracts';
import { documentOfResource } from './document-of-resource.ts';
import type { PresentState } from './present-state.ts';
import { type WritableDocument, writeDocument } from './write-document.ts';

/** Everything of some kinds as documents, kind by kind, each by name. */
export function exportDocuments(state: PresentState, kinds: readonly DocumentKind[]): WritableDocument[] {
  return kinds.flatMap((kind) =>
    [...state[kind].values()]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((resource) => documentOfResource(kind, resource)),
  );
}

/**
 * Writes documents as one YAML text. Each begins with a line that tells editors its schema, `KIND.json` in the folder or at
 * the URL `schemas` (none where that is empty): they look for it in every document of a file by itself.
 */
export function writeExport(documents: readonly WritableDocument[], schemas: string): string {
  const place = schemas.replace(/(.)\/$/, '$1');
  return documents
    .map((document) => {
      const mode = place === '' ? '' : `# yaml-language-server: $schema=${place}/${document.kind}.json\n`;
      return mode + writeDocument(document);
    })
    .join('---\n');
}
