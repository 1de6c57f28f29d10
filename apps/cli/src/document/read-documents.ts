import { checkDescriptor } from '@postern/compile';
import {
  DOCUMENT_KINDS,
  type DocumentKind,
  documentSchemas,
  type Finding,
  LIMITS,
  nearest,
  parseWith,
  pointerOf,
  type RouteDescriptor,
  type SecretDocumentSpec,
  type ServiceSpec,
} from '@postern/contracts';
import { explainFindings } from '../descriptor/explain-findings.ts';
import type { PlacedFinding } from '../descriptor/format-findings.ts';
import { parseYamlDocuments } from '../descriptor/parse-yaml.ts';
import type { YamlSource } from '../descriptor/yaml-source.ts';
import { checkJson } from './check-json.ts';
import { type DocumentReport, reportPlaced } from './document-report.ts';
import { findingsInEnvelope, type PosternDocument, placeDocumentFindings } from './postern-document.ts';
import { readSecretValues, type SecretReading } from './read-secret-values.ts';

/** What a file of documents holds. Where a report has an error, the document it is about is not among the documents. */
export interface DocumentsReading {
  readonly documents: readonly PosternDocument[];
  readonly reports: readonly DocumentReport[];
}

interface Reading {
  readonly document: PosternDocument | null;
  readonly placed: readonly PlacedFinding[];
  readonly reports: readonly DocumentReport[];
}

/**
 * Reads all documents of a file: YAML, several separated by `---`, or JSON (one, or a list). Checks what needs no API, and
 * reports everything at once. `path` is null for standard input; `now` is milliseconds since 1970.
 */
export function readDocuments(
  file: string,
  path: string | null,
  bytes: Buffer,
  now: number,
): DocumentsReading {
  const { text, sources, findings } = parseYamlDocuments(file, bytes, LIMITS.documentFileBytesMax);
  const isJson = file.endsWith('.json');
  const placed: PlacedFinding[] = [...(isJson && findings.length === 0 ? checkJson(text) : findings)];
  if (placed.length === 0 && sources.length === 0) {
    const finding: Finding = {
      severity: 'error',
      code: 'empty',
      message: 'there is no document in it',
      pointer: '',
    };
    placed.push({ offset: 0, finding });
  }
  const documents: PosternDocument[] = [];
  const reports: DocumentReport[] = [];
  for (const source of sources) {
    for (const [base, value] of documentsOf(source)) {
      const reading = readDocument(source, base, value, path, now);
      if (reading.document !== null) documents.push(reading.document);
      placed.push(...reading.placed);
      reports.push(...reading.reports);
    }
  }
  return { documents, reports: [reportPlaced(file, text, placed), ...reports] };
}

/** A list is several documents. */
function documentsOf({ value }: YamlSource): readonly (readonly [string, unknown])[] {
  return Array.isArray(value) ? value.map((item, index) => [`/${index}`, item]) : [['', value]];
}

function readDocument(
  source: YamlSource,
  base: string,
  value: unknown,
  path: string | null,
  now: number,
): Reading {
  const refuse = (findings: readonly Finding[]): Reading => ({
    document: null,
    placed: placeDocumentFindings({ source, base }, findings),
    reports: [],
  });
  const kind = kindOf(value);
  if (typeof kind !== 'string') return refuse([kind]);
  const parsed = parseWith(documentSchemas[kind], { ...(value as object), kind });
  if (!parsed.ok) return refuse(withoutValues(kind, explainFindings(value, parsed.findings)));
  const { name, labels = null, spec } = parsed.value;
  const place = { name, labels, source, base };
  switch (kind) {
    case 'service':
      return { document: { ...place, kind, spec: spec as ServiceSpec }, placed: [], reports: [] };
    case 'route': {
      const route = spec as RouteDescriptor;
      const findings = findingsInEnvelope(checkDescriptor(route));
      const document = { ...place, kind, spec: route };
      return { document, placed: placeDocumentFindings(place, findings), reports: [] };
    }
    case 'secret': {
      const secret = spec as SecretDocumentSpec;
      const reading = readSecretValues(secret, path, now);
      const document = { ...place, kind, spec: secret, values: reading.values };
      return { document, ...reportSecret(place, reading) };
    }
  }
}

/** The kind of a document, or what is wrong with it. `Route` is how version 0.1 wrote it. */
function kindOf(value: unknown): DocumentKind | Finding {
  const error = (code: string, message: string, pointer: string, hint?: string): Finding => ({
    severity: 'error',
    code,
    message,
    pointer,
    ...(hint === undefined ? {} : { hint }),
  });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return error('wrong_type', 'a document is an object with kind, name and spec', '');
  }
  const { kind } = value as { kind?: unknown };
  const words = DOCUMENT_KINDS.join(', ');
  if (kind === undefined && 'routes' in value) {
    const hint = 'write {kind: route, name: NAME, spec: ...}, or use: postern route update NAME -f FILE';
    return error('missing', 'this is a bare route descriptor: "kind" and "name" are missing', '', hint);
  }
  const misspelt = Object.keys(value).find((key) => nearest(key, ['kind']) !== undefined);
  if (kind === undefined && misspelt !== undefined) {
    return error('unknown_key', `unknown key "${misspelt}"`, pointerOf([misspelt]), 'did you mean "kind"?');
  }
  if (kind === undefined) return error('missing', '"kind" is missing', '/kind', `it is one of ${words}`);
  const known = DOCUMENT_KINDS.find((word) => word === kind || (word === 'route' && kind === 'Route'));
  if (known !== undefined) return known;
  const near = typeof kind === 'string' ? nearest(kind, DOCUMENT_KINDS) : undefined;
  const hint = near === undefined ? undefined : `did you mean "${near}"?`;
  return error('invalid_value', `expected one of ${words}`, '/kind', hint);
}

/** A hint may repeat what is written, which in a secret nobody may read. */
function withoutValues(kind: DocumentKind, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => {
    if (kind !== 'secret' || finding.hint?.startsWith('put it in quotes') !== true) return finding;
    return { ...finding, hint: 'put it in quotes' };
  });
}

/** Findings about a value are told where it stands: in the document, or in the file that the document names. */
function reportSecret(
  place: { readonly source: YamlSource; readonly base: string },
  { findings, files }: SecretReading,
): Pick<Reading, 'placed' | 'reports'> {
  const inText = findings.filter(({ pointer }) => !files.has(pointer));
  const reports = findings.flatMap((finding): DocumentReport[] => {
    const file = files.get(finding.pointer);
    if (file === undefined) return [];
    const { line = 1, column = 1, severity, message, hint } = finding;
    const head = `${file}:${line}:${column}: ${severity}: ${message}`;
    const text = hint === undefined ? head : `${head}\n    ${hint}`;
    return [{ file, findings: [{ ...finding, line, column, file }], text }];
  });
  return { placed: placeDocumentFindings(place, findingsInEnvelope(inText)), reports };
}
