import type { Finding, ResourceName, RouteDescriptor, ServiceSpec } from '@postern/contracts';

/** One document of a foreign file, parsed. */
export interface ImportSource {
  readonly value: unknown;
  /** What a document without a name of its own is called: that of its file. */
  readonly defaultName: string;
}

/** One of Postern's documents, in the order in which they can be applied. */
export type ImportedDocument =
  | { readonly kind: 'service'; readonly name: ResourceName; readonly spec: ServiceSpec }
  | {
      readonly kind: 'route';
      readonly name: ResourceName;
      readonly spec: RouteDescriptor;
      /** Which source it is of, and the pointer of its descriptor there. */
      readonly source: number;
      readonly base: string;
    };

/**
 * Something of a source that is in no document. A warning says that nothing is admitted by Postern that was refused before; an
 * error that a check is gone, or that a document could not be made.
 */
export interface ImportedFinding {
  /** Index of the source. */
  readonly source: number;
  readonly finding: Finding;
}

/** What an importer made of its sources: every leaf of them is in a document, in a step, or named by a finding. */
export interface Imported {
  readonly documents: readonly ImportedDocument[];
  readonly findings: readonly ImportedFinding[];
  /** What is still to be done by hand: commands, and what to write into them. */
  readonly steps: readonly string[];
}

/** A finding about what is left behind without a loss of safety. */
export function notCarried(pointer: string, message: string, hint?: string): Finding {
  return {
    severity: 'warning',
    code: 'not_carried',
    message,
    pointer,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** A finding about what may open a door by being left behind. */
export function checkLost(pointer: string, message: string, hint?: string): Finding {
  return { severity: 'error', code: 'check_lost', message, pointer, ...(hint === undefined ? {} : { hint }) };
}

/** A finding about a document that is not made at all. */
export function notMade(pointer: string, message: string, hint?: string): Finding {
  return { severity: 'error', code: 'not_made', message, pointer, ...(hint === undefined ? {} : { hint }) };
}

/** True for a mapping, as YAML and JSON parse to. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
