import type {
  DocumentKind,
  Finding,
  Labels,
  ResourceName,
  RouteDescriptor,
  SecretDetails,
  SecretDocumentSpec,
  SecretInput,
  ServiceSpec,
} from '@postern/contracts';
import { type PlacedFinding, placeFindings } from '../descriptor/format-findings.ts';
import type { YamlSource } from '../descriptor/yaml-source.ts';

interface DocumentPlace {
  readonly name: ResourceName;
  /** Null where the document says nothing about labels. */
  readonly labels: Labels | null;
  readonly source: YamlSource;
  /** JSON pointer of the document inside its source: empty, or `/0` for the first of a list. */
  readonly base: string;
}

/** The values that a secret's document brings, and what is public about them. */
export interface SecretValues {
  readonly input: SecretInput;
  readonly details: SecretDetails;
  /** The file behind a part of the secret, by the part's JSON pointer in `input`. */
  readonly files: ReadonlyMap<string, string>;
}

export type SecretDocument = DocumentPlace & {
  readonly kind: 'secret';
  readonly spec: SecretDocumentSpec;
  /** Null where the document only says what must exist. */
  readonly values: SecretValues | null;
};
export type ServiceDocument = DocumentPlace & { readonly kind: 'service'; readonly spec: ServiceSpec };
export type RouteDocument = DocumentPlace & { readonly kind: 'route'; readonly spec: RouteDescriptor };

/** One document of a file, checked as far as that is possible without an API. */
export type PosternDocument = SecretDocument | ServiceDocument | RouteDocument;

/** How messages name a resource: `route/my-route`. */
export function idOf({ kind, name }: { readonly kind: DocumentKind; readonly name: string }): string {
  return `${kind}/${name}`;
}

/** Moves findings about a document (pointers into the envelope) to their places in its file. */
export function placeDocumentFindings(
  { source, base }: { readonly source: YamlSource; readonly base: string },
  findings: readonly Finding[],
): PlacedFinding[] {
  return placeFindings(
    source,
    findings.map((finding) => ({ ...finding, pointer: `${base}${finding.pointer}` })),
  );
}

/** Findings as the API or a checker of specs names them, as pointers into the envelope. */
export function findingsInEnvelope(findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => {
    const pointer = finding.pointer.replace(/^\/secret(?=\/|$)/, '/spec');
    return { ...finding, pointer: /^\/(spec|labels|name)(\/|$)/.test(pointer) ? pointer : `/spec${pointer}` };
  });
}
