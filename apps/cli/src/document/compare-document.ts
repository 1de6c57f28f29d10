import type { Finding, SecretResource } from '@postern/contracts';
import { documentOfResource, fingerprintsOf, labelsAfter, secretSpecOf } from './document-of-resource.ts';
import { dropDefaults } from './drop-defaults.ts';
import { idOf, type PosternDocument, type SecretDocument } from './postern-document.ts';
import { type PresentState, presentOf } from './present-state.ts';
import { type WritableDocument, writeDocument } from './write-document.ts';

/** What a document changes, as texts without defaults. */
export interface Comparison {
  readonly document: PosternDocument;
  /** Null where the resource does not exist. */
  readonly before: string | null;
  readonly after: string;
  /** The version that was read, so that nobody's later change is overwritten. */
  readonly version: number | undefined;
  readonly action: 'create' | 'update' | 'unchanged';
  /** The document brings values that cannot be compared with those stored: nothing public tells them apart. */
  readonly hidden: boolean;
}

/** Compares a document with what is stored. */
export function compareDocument(document: PosternDocument, state: PresentState): Comparison {
  const present = presentOf(state, document);
  const before = present === undefined ? null : textOf(documentOfStored(document, state));
  const after = textOf(documentAfter(document, state));
  const hidden =
    document.kind === 'secret' &&
    document.values !== null &&
    ['generic', 'symmetric'].includes(document.spec.type);
  const same = before === after;
  const action = before === null ? 'create' : same && !hidden ? 'unchanged' : 'update';
  return { document, before, after, version: present?.version, action, hidden: hidden && same };
}

/** The text that is compared and shown: defaults that are written out do not count. */
export function textOf(document: WritableDocument): string {
  return writeDocument({ ...document, spec: dropDefaults(document.kind, document.spec) });
}

function documentOfStored(document: PosternDocument, state: PresentState): WritableDocument {
  const resource = state[document.kind].get(document.name);
  if (resource === undefined) throw new Error(`${idOf(document)} was not read`);
  return documentOfResource(document.kind, resource);
}

function documentAfter(document: PosternDocument, state: PresentState): WritableDocument {
  const { kind, name } = document;
  const labels = labelsAfter(document.labels, presentOf(state, document)?.labels);
  if (document.kind !== 'secret') return { kind, name, labels, spec: document.spec };
  const { values, spec } = document;
  if (values !== null) return { kind, name, labels, spec: secretSpecOf(spec.type, values.details) };
  const stored = state.secret.get(name);
  const expected = stored === undefined ? { type: spec.type } : secretSpecOf(stored.type, stored.details);
  return { kind, name, labels, spec: { ...expected, ...spec } };
}

/**
 * What is missing for a secret's document that brings no values, since then the secret must exist as it says. Pointers into
 * the envelope.
 */
export function checkExpectedSecret(document: SecretDocument, stored: SecretResource | undefined): Finding[] {
  if (document.values !== null) return [];
  const { spec, name, labels } = document;
  const error = (pointer: string, message: string, hint: string): Finding => ({
    severity: 'error',
    code: stored === undefined ? 'reference_missing' : 'secret_differs',
    message,
    pointer,
    hint,
  });
  const bring = 'bring its values, like certFile or dataFiles';
  if (stored === undefined) {
    const message = `there is no secret "${name}", and the document brings no values to create it`;
    return [
      error('/name', message, `${bring}, or create it first: postern secret create ${spec.type} ${name}`),
    ];
  }
  if (spec.type !== stored.type) {
    return [error('/spec/type', `the secret "${name}" is of type ${stored.type}`, 'a secret keeps its type')];
  }
  const findings: Finding[] = [];
  const { keys } = stored.details;
  if (spec.keys !== undefined && String([...spec.keys].sort()) !== String([...keys].sort())) {
    findings.push(error('/spec/keys', `the secret "${name}" has the keys ${keys.join(', ')}`, bring));
  }
  const wanted = 'fingerprints' in spec ? spec.fingerprints : undefined;
  const found = fingerprintsOf(stored.details);
  if (wanted !== undefined && String(wanted) !== String(found)) {
    const message = `the secret "${name}" has other values: its fingerprints are ${found.join(', ')}`;
    findings.push(error('/spec/fingerprints', message, bring));
  }
  const changed = labels !== null && writeLabels(labels) !== writeLabels(stored.labels);
  if (changed) {
    findings.push(
      error('/labels', `labels of the secret "${name}" differ, and are stored only with values`, bring),
    );
  }
  return findings;
}

function writeLabels(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort());
}
