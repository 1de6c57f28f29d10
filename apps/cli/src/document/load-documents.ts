import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';
import { nameOfInput, readInputFile } from '../read-input-file.ts';
import { checkDocumentSet } from './check-document-set.ts';
import { type DocumentReport, hasErrors, rejectedDocuments } from './document-report.ts';
import type { PosternDocument } from './postern-document.ts';
import { readDocuments } from './read-documents.ts';

/** Every document that a call names, and what is doubtful about them. */
export interface LoadedDocuments {
  readonly documents: readonly PosternDocument[];
  readonly warnings: readonly DocumentReport[];
}

/**
 * Reads the documents of files, of folders (their .yaml, .yml and .json files in the order of names, nothing below) and of
 * standard input (`-`). All files are read before the first failure is thrown, which reports everything wrong with any of
 * them. Usage failure for what cannot be read, validation failure for what is wrong. `now` is milliseconds since 1970.
 */
export function loadDocuments(paths: readonly string[], now: number): LoadedDocuments {
  const documents: PosternDocument[] = [];
  const reports: DocumentReport[] = [];
  for (const path of new Set(paths.flatMap(filesOf))) {
    const bytes = readInputFile(path, '--filename', LIMITS.documentFileBytesMax);
    const reading = readDocuments(nameOfInput(path), path === '-' ? null : path, bytes, now);
    documents.push(...reading.documents);
    reports.push(...reading.reports);
  }
  reports.push(...checkDocumentSet(documents));
  if (hasErrors(reports)) throw rejectedDocuments(reports);
  return { documents, warnings: reports };
}

function filesOf(path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const names = readdirSync(path, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /^[^.].*\.(ya?ml|json)$/.test(entry.name))
    .map(({ name }) => name)
    .sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw usageFailure(`--filename ${path}: this folder holds no .yaml, .yml or .json file`);
}
