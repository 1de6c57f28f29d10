import {
  documentSchemas,
  type Finding,
  type Labels,
  parseWith,
  type ResourceName,
  type RouteDescriptor,
  routeDescriptor,
} from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { explainFindings } from './explain-findings.ts';
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
    placed: placeFindings(source, explainFindings(source.value, findings)),
  });
  if (isEnvelope(source.value)) {
    const result = parseWith(documentSchemas.route, withPlainKind(source.value));
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

/** Files of version 0.1 write `Route`. */
function withPlainKind(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Route'
    ? { ...value, kind: 'route' }
    : value;
}

function isEnvelope(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Object.hasOwn(value, 'kind') || Object.hasOwn(value, 'spec'))
  );
}
