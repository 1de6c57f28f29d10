import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ImportSource } from '@postern/import';
import { usageFailure } from '../cli-failure.ts';
import { parseYamlDocuments } from '../descriptor/parse-yaml.ts';
import { rejectedFile } from '../descriptor/read-route-file.ts';
import type { YamlSource } from '../descriptor/yaml-source.ts';
import { resourceNameOf } from '../dev-cert/resource-name-of.ts';
import { nameOfInput, readInputFile } from '../read-input-file.ts';

/** Bytes. Gateways' configurations of a thousand endpoints have about one million. */
const FOREIGN_FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Foreign documents, and where each stands. */
export interface ForeignFiles {
  readonly sources: readonly ImportSource[];
  /** In the order of `sources`. */
  readonly places: readonly YamlSource[];
}

/**
 * Reads every YAML or JSON document of files, folders (their .yaml, .yml and .json files, nothing below) and standard input (`-`).
 * A document without a name of its own is called after its file. Usage failure for what cannot be read, validation failure for what
 * is no YAML.
 */
export function readForeignFiles(paths: readonly string[]): ForeignFiles {
  const sources: ImportSource[] = [];
  const places: YamlSource[] = [];
  for (const path of paths.flatMap(filesOf)) {
    const bytes = readInputFile(path, '--filename', FOREIGN_FILE_BYTES_MAX);
    const file = nameOfInput(path);
    const { text, sources: documents, findings } = parseYamlDocuments(file, bytes, FOREIGN_FILE_BYTES_MAX);
    if (findings.length > 0) throw rejectedFile(file, text, findings);
    if (documents.length === 0) throw usageFailure(`${file} holds no document`);
    const defaultName =
      path === '-' ? 'imported' : resourceNameOf(basename(path).replace(/\.(ya?ml|json)$/, ''));
    for (const document of documents) {
      sources.push({ value: document.value, defaultName });
      places.push(document);
    }
  }
  return { sources, places };
}

function filesOf(path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const files = readdirSync(path, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /^[^.].*\.(ya?ml|json)$/.test(entry.name))
    .map(({ name }) => join(path, name))
    .sort();
  if (files.length > 0) return files;
  throw usageFailure(`--filename ${path}: this folder holds no .yaml, .yml or .json file`);
}
