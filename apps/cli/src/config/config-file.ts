import { randomBytes } from 'node:crypto';
import { open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CliFailure } from '../cli-failure.ts';
import { parseYaml } from '../descriptor/parse-yaml.ts';
import type { ConfigFile } from './config-schema.ts';
import { isConfigFile } from './is-config-file.ts';
import { mergeYaml } from './merge-yaml.ts';

/** Reads the configuration; a missing file is an empty one, an unreadable or invalid one a failure (exit status 3). */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: [] };
    throw new CliFailure('failed', `the configuration ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const parsed = parseYaml(path, bytes);
  if (!parsed.ok) {
    if (parsed.findings.every(({ finding }) => finding.code === 'empty')) return { contexts: [] };
    const { formatPlacedFindings } = await import('../descriptor/format-findings.ts');
    throw invalid(path, formatPlacedFindings(path, parsed.text, parsed.findings));
  }
  const { value } = parsed.source;
  if (isConfigFile(value)) return value;
  // What is wrong with it is for the schema to say; nothing else needs it.
  const { parseWith } = await import('@postern/contracts');
  const { configFile } = await import('./config-schema.ts');
  const result = parseWith(configFile, value);
  if (result.ok) return result.value;
  const { formatPlacedFindings, placeFindings } = await import('../descriptor/format-findings.ts');
  throw invalid(
    path,
    formatPlacedFindings(path, parsed.source.text, placeFindings(parsed.source, result.findings)),
  );
}

/**
 * Replaces the configuration in one step, so that a reader sees the old or the new one whole; comments in it survive.
 * The file is 0600, its folder is made with 0700; a link to a file elsewhere stays a link.
 */
export async function writeConfigFile(path: string, config: ConfigFile): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    // Loaded here: what only reads the configuration starts faster without it.
    const { makeDirectory } = await import('@postern/runtime');
    makeDirectory(dirname(path));
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(mergeYaml(await readFile(target, 'utf8').catch(() => ''), config));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new CliFailure('failed', `the configuration ${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function invalid(path: string, report: string): CliFailure {
  return new CliFailure('validation_failed', `the configuration ${path} is not valid`, {
    report,
    hint: 'repair it, or move it away and start `postern up` again',
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
