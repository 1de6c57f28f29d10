import { type DocumentKind, documentSchemas, type Labels } from '@postern/contracts';
import { Document, isScalar, visit } from 'yaml';
import { orderKeys } from './order-keys.ts';

/** A document as it is written: what is the same is the same bytes. */
export interface WritableDocument {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly labels: Labels;
  readonly spec: unknown;
}

/** The document as a value: keys in the order of its schema, labels only where there are any. */
export function orderDocument({ kind, name, labels, spec }: WritableDocument): unknown {
  const some = Object.keys(labels).length > 0;
  return orderKeys(documentSchemas[kind], { kind, name, ...(some ? { labels } : {}), spec });
}

/**
 * Writes a document as YAML, nothing folded; PEM stands as a literal block. Reading it back gives the same document, and
 * writing that gives the same bytes.
 */
export function writeDocument(document: WritableDocument): string {
  const yaml = new Document(orderDocument(document), {
    version: '1.2',
    schema: 'core',
    aliasDuplicateObjects: false,
  });
  visit(yaml, {
    Scalar(key, node) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'string') return;
      if (PEM.test(node.value)) node.type = 'BLOCK_LITERAL';
      else if (node.value.includes('\n')) node.type = 'QUOTE_DOUBLE';
    },
  });
  return yaml.toString({ lineWidth: 0, indentSeq: false });
}

/** Text that a literal block gives back as it is. */
const PEM = /^-----BEGIN [A-Z0-9 ]+-----\n(?:[!-~][ -~]*\n)+$/;
