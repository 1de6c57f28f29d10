import { isLasting } from './read-documents.ts';
import type { EdgeHost } from './served-host.ts';

/** A host that this edge does not serve because of what is wrong with its documents. */
export interface ClosedHost {
  readonly host: string;
  readonly reason: string;
  readonly message: string;
}

/** A host that is not served, for now or until its documents change. */
export interface ClosedEntry {
  readonly state: 'closed';
  readonly closed: ClosedHost;
  readonly dependsOn: readonly string[];
  /** Milliseconds since 1970, from when on it is tried again. */
  readonly until: number;
}

/** What is known of one document: never the way to another one, so that a broken host is not served by its wildcard. */
export type HostEntry =
  | { readonly state: 'served'; readonly host: EdgeHost }
  | ClosedEntry
  | { readonly state: 'no_certificate' };

/** Milliseconds after which a host is tried again that a fault of the machine closed, as of a disk, and not its documents. */
const TRIED_AGAIN_MS = 1_000;

/** Of a host that could not be made: with the documents as they are never again, after any other fault soon. `now`: milliseconds since 1970. */
export function closedUntil(error: unknown, now: number): number {
  return isLasting(error) ? Number.POSITIVE_INFINITY : now + TRIED_AGAIN_MS;
}

/** Whether it may be used; one that may not is made anew. */
export function holdsStill(entry: HostEntry, now: number): boolean {
  return entry.state !== 'closed' || now < entry.until;
}

/** The documents, beside its own, that it was made of. */
export function dependenciesOf(entry: HostEntry): readonly string[] {
  switch (entry.state) {
    case 'served':
      return entry.host.dependsOn;
    case 'closed':
      return entry.dependsOn;
    case 'no_certificate':
      return [];
  }
}
