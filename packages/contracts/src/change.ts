import { z } from 'zod';
import { challenge } from './challenge.ts';
import { certificateDocument, hostDocument, trustBundle } from './host-document.ts';
import { identityKeys } from './identity-keys.ts';
import { crlDocument, revocationDocument } from './revocation.ts';
import { ticketKeys } from './ticket-keys.ts';

export const CHANGE_KINDS = [
  'host',
  'trust-bundle',
  'certificate',
  'challenge',
  'crl',
  'identity-keys',
  'revocation',
  'ticket-keys',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Schema of the body of each kind at the present format. Edges read bodies by the same forms without schemas: document-shapes.ts (decision 0026). */
export const CHANGE_BODIES = {
  host: hostDocument,
  'trust-bundle': trustBundle,
  certificate: certificateDocument,
  challenge,
  crl: crlDocument,
  'identity-keys': identityKeys,
  revocation: revocationDocument,
  'ticket-keys': ticketKeys,
} as const;

/**
 * One entry of the feed: the latest state of one (kind, id). `body` null is a tombstone.
 * Kind and body are left open on the wire, so that a newer API can speak to an older edge; the edge reads each
 * body with `readDocument` when it uses it and closes what it cannot read.
 */
export const change = z.strictObject({
  epoch: z.string(),
  revision: z.int().min(1),
  kind: z.string(),
  /** Host name for `host`, the project's for `revocation`, what `challengeId` gives for `challenge`, secret or certificate id for the others. */
  id: z.string(),
  formatVersion: z.int(),
  body: z.unknown().nullable(),
});
export type Change = z.infer<typeof change>;

/** A change in place of one that cannot be read or prepared: of a format no edge knows, so that its hosts are closed and no others. */
export function unusableChange(change: Change, why: string): Change {
  return { ...change, formatVersion: -1, body: { unusable: why } };
}

/** How far a replica has come: resume after `revision` of `epoch`. */
export const cursor = z.strictObject({ epoch: z.string(), revision: z.int().min(0) });
export type Cursor = z.infer<typeof cursor>;
