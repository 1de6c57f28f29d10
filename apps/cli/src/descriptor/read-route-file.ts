import {
  type Finding,
  type Labels,
  labels,
  nearest,
  parseWith,
  pathOfPointer,
  pointerOf,
  type ResourceName,
  type RouteDescriptor,
  resourceName,
  routeDescriptor,
} from '@postern/contracts';
import { z } from 'zod';
import { CliFailure } from '../cli-failure.ts';
import { formatPlacedFindings, type PlacedFinding, placeFindings } from './format-findings.ts';
import { parseYaml } from './parse-yaml.ts';
import { placeOf, type YamlSource } from './yaml-source.ts';

/** A route as a file gives it. */
export interface RouteFile {
  readonly descriptor: RouteDescriptor;
  /** Null where the file is a bare descriptor. */
  readonly name: ResourceName | null;
  readonly labels: Labels | null;
  readonly source: YamlSource;
  /** `/spec` in an envelope, empty in a bare descriptor. */
  readonly base: '' | '/spec';
}

const envelope = z.strictObject({
  kind: z.literal('Route'),
  name: resourceName,
  labels: labels.optional(),
  spec: routeDescriptor,
});

/** The outcome of reading: a route, or every finding with its place. */
export type RouteReading =
  | { readonly ok: true; readonly file: RouteFile }
  | { readonly ok: false; readonly text: string; readonly placed: readonly PlacedFinding[] };

/** Reads a bare descriptor or a `{kind, name, labels?, spec}` from YAML (or JSON, which is YAML). */
export function readRouteText(file: string, bytes: Buffer): RouteReading {
  const parsed = parseYaml(file, bytes);
  if (!parsed.ok) return { ok: false, text: parsed.text, placed: parsed.findings };
  const { source } = parsed;
  const refuse = (findings: readonly Finding[]): RouteReading => ({
    ok: false,
    text: source.text,
    placed: placeFindings(
      source,
      withoutEchoes(findings).map((finding) => explain(source, finding)),
    ),
  });
  if (isEnvelope(source.value)) {
    const result = parseWith(envelope, source.value);
    if (!result.ok) return refuse(result.findings);
    const { name, labels: given, spec } = result.value;
    return { ok: true, file: { descriptor: spec, name, labels: given ?? null, source, base: '/spec' } };
  }
  const result = parseWith(routeDescriptor, source.value);
  if (!result.ok) return refuse(result.findings);
  return { ok: true, file: { descriptor: result.value, name: null, labels: null, source, base: '' } };
}

/** Reads a route or throws a validation failure that reports everything wrong with the file at once. */
export function readRouteFile(file: string, bytes: Buffer): RouteFile {
  const reading = readRouteText(file, bytes);
  if (reading.ok) return reading.file;
  throw rejectedFile(file, reading.text, reading.placed);
}

/** The failure for a file with findings; exit status 3. Its findings have line and column in the file. */
export function rejectedFile(
  file: string,
  text: string,
  placed: readonly PlacedFinding[],
  cause?: unknown,
): CliFailure {
  const errors = placed.filter(({ finding }) => finding.severity === 'error').length;
  return new CliFailure('validation_failed', `${file} has ${errors} error${errors === 1 ? '' : 's'}`, {
    report: formatPlacedFindings(file, text, placed),
    findings: placed.map(({ finding, offset }) => ({ ...finding, ...placeOf(text, offset) })),
    cause,
  });
}

/** Moves findings about a descriptor (as the API or the compiler name them) to their places in the file. */
export function placeDescriptorFindings(file: RouteFile, findings: readonly Finding[]): PlacedFinding[] {
  return placeFindings(
    file.source,
    findings.map((finding) => ({ ...finding, pointer: `${file.base}${withoutSpec(finding.pointer)}` })),
  );
}

function withoutSpec(pointer: string): string {
  return pointer === '/spec' || pointer.startsWith('/spec/') ? pointer.slice('/spec'.length) : pointer;
}

function isEnvelope(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Object.hasOwn(value, 'kind') || Object.hasOwn(value, 'spec'))
  );
}

/** Adds what only the text shows: a number or a yes where text is due was meant to be quoted. */
function explain(source: YamlSource, finding: Finding): Finding {
  const written = valueAt(source.value, finding.pointer);
  const withHint = (hint: string): Finding => ({ ...finding, hint });
  if (finding.code === 'wrong_type' && finding.message.startsWith('expected string')) {
    if (typeof written === 'number' || typeof written === 'boolean') {
      return withHint(`put it in quotes: "${String(written)}"`);
    }
  }
  if (finding.code === 'wrong_type' && finding.message.startsWith('expected boolean')) {
    if (typeof written === 'string') return withHint('write true or false, without quotes');
  }
  if (finding.pointer === '/kind' && finding.code === 'invalid_value' && typeof written === 'string') {
    const near = nearest(written, ['Route']);
    return near === undefined ? finding : withHint(`did you mean "${near}"?`);
  }
  return finding;
}

/**
 * Drops what follows from a misspelt key alone: that the key it was meant for is missing, or that its matcher sets none.
 */
function withoutEchoes(findings: readonly Finding[]): Finding[] {
  const meant = new Set<string>();
  for (const { code, pointer, hint } of findings) {
    const key = /^did you mean "(.*)"\?$/.exec(hint ?? '')?.[1];
    if (code !== 'unknown_key' || key === undefined) continue;
    const parent = pathOfPointer(pointer).slice(0, -1);
    meant.add(pointerOf([...parent, key])).add(pointerOf(parent));
  }
  return findings.filter(
    ({ code, pointer }) => !((code === 'missing' || code === 'matcher_keys') && meant.has(pointer)),
  );
}

function valueAt(value: unknown, pointer: string): unknown {
  let current = value;
  for (const key of pathOfPointer(pointer)) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}
