import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CliFailure } from '../cli-failure.ts';
import type { ProjectNames } from './config-schema.ts';

/** The file in a project's folder that says for everybody who works there which context and project its commands mean. */
export const PROJECT_FILE = '.postern.yaml';

/** What such a file says, and where it is. */
export interface ProjectFile extends ProjectNames {
  /** Absolute. */
  readonly path: string;
}

/**
 * Looks for the project file in a folder and those above it, up to the first that is a repository (has `.git`), the home
 * folder or the root; undefined where there is none. What lies above belongs to somebody else.
 */
export function findProjectFile(directory: string, home: string): string | undefined {
  let folder = resolve(directory);
  for (;;) {
    const file = join(folder, PROJECT_FILE);
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file;
    const parent = dirname(folder);
    if (parent === folder || folder === home || existsSync(join(folder, '.git'))) return undefined;
    folder = parent;
  }
}

/** Reads a project file; one that is invalid is a failure (exit status 3) with the places, whatever else is known. */
export async function readProjectFile(path: string): Promise<ProjectFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new CliFailure('failed', `the project file ${path} cannot be read`, { cause: error });
  }
  // Loaded here: most folders have no such file.
  const { parseYaml } = await import('../descriptor/parse-yaml.ts');
  const { formatPlacedFindings, placeFindings } = await import('../descriptor/format-findings.ts');
  const { parseWith } = await import('@postern/contracts');
  const { projectFile } = await import('./config-schema.ts');
  const parsed = parseYaml(path, bytes);
  if (!parsed.ok) {
    if (parsed.findings.every(({ finding }) => finding.code === 'empty')) return { path };
    throw invalid(path, formatPlacedFindings(path, parsed.text, parsed.findings));
  }
  const result = parseWith(projectFile, parsed.source.value);
  if (result.ok) return { ...result.value, path };
  throw invalid(
    path,
    formatPlacedFindings(path, parsed.source.text, placeFindings(parsed.source, result.findings)),
  );
}

function invalid(path: string, report: string): CliFailure {
  return new CliFailure('validation_failed', `the project file ${path} is not valid`, {
    report,
    hint: 'it may name a context and a project, nothing else: addresses and tokens belong into your own configuration',
  });
}
