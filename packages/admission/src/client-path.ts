import { createHash } from 'node:crypto';
import { readCertificateFields, type SubjectNames, subjectNamesOf } from '@postern/pki/plain';
import type { AnchorSet } from './path/path-node.ts';
import type { PathResult } from './path/path-result.ts';
import { validatePath } from './path/validate-path.ts';

/** Anchors that may vouch for a client, and what they are called. */
export interface ClientBundle {
  /** As the caller knows it: the name of the tls-ca, or the id of the trust bundle. */
  readonly name: string;
  /** Says which anchors these are; what is remembered of a client is found by it. */
  readonly contentHash: string;
  readonly anchors: AnchorSet;
}

/** What one bundle makes of a presented chain. */
export interface ClientPath {
  readonly result: PathResult;
  /** The names of the leaf that may be compared; null where the path is not valid. */
  readonly names: SubjectNames | null;
  /** SHA-256 of each certificate of the path, lower-case hex, leaf first. */
  readonly fingerprints: readonly string[];
}

/** Finds the path of a client under one bundle; an edge puts its memory of answers in place of `findClientPath`. */
export type FindClientPath = (chain: readonly Buffer[], bundle: ClientBundle, now: number) => ClientPath;

/**
 * Validates a presented chain for clientAuth under one bundle, and reads who the leaf is. Pure; `now` in milliseconds since 1970.
 * The answer holds until `result.validUntil`.
 */
export const findClientPath: FindClientPath = (chain, { anchors }, now) => {
  const result = validatePath({ chain, anchors, now, purpose: 'clientAuth' });
  const [leaf] = result.path;
  return {
    result,
    names:
      result.verdict === 'admit' && leaf !== undefined
        ? subjectNamesOf(readCertificateFields(leaf.der), { belowNameConstraints: result.constrainsDnsNames })
        : null,
    fingerprints: result.path.map(({ der }) => createHash('sha256').update(der).digest('hex')),
  };
};
