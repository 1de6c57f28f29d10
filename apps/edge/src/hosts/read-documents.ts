import { X509Certificate } from 'node:crypto';
import {
  type AnchorSet,
  type CheckedList,
  indexRevocations,
  type RevocationIndex,
  readAnchors,
  readCheckedList,
} from '@postern/admission';
import {
  type CertificateDocument,
  type Challenge,
  type Change,
  type ChangeKind,
  DOCUMENT_FORMATS,
  type DocumentBody,
  type HostDocument,
  LIMITS,
  readDocument,
  TICKET_KEYS,
  type TicketKeys,
  type TrustBundle,
} from '@postern/contracts/plain';
import { openAtEdge, parsePrivateKeyPem, readPemBlocks, trustBundleOf } from '@postern/pki/plain';

/** The part of a replica that serving needs; synchronous, because a ClientHello waits for it. */
export interface ReplicaReader {
  get(kind: ChangeKind, id: string): Change | undefined;
}

/** A document that must not be used, and why; the words go to the log and to the API. */
export class UnusableDocument extends Error {
  override readonly name = 'UnusableDocument';
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** A document that cannot be read now; what it says nobody knows, and it may be readable later. */
class UnreadableDocument extends UnusableDocument {}

/** Whether the same documents can do no better another time: the fault is theirs, not that of a disk or of another part of the machine. */
export function isLasting(error: unknown): boolean {
  return error instanceof UnusableDocument && !(error instanceof UnreadableDocument);
}

/** A trust bundle whose content has been checked against its hash. */
export interface CheckedBundle extends TrustBundle {
  readonly anchors: AnchorSet;
}

/** A certificate with its key open; only for the moment a TLS context is made. */
export interface OpenedCertificate {
  readonly chainPem: string;
  readonly keyPem: string;
}

/** A host's document, and the revision it came with; undefined when there is none. Throws UnusableDocument. */
export function readHost(
  replica: ReplicaReader,
  id: string,
): { document: HostDocument; revision: number } | undefined {
  const change = readChange(replica, 'host', id);
  if (change === undefined) return undefined;
  const document = parseBody('host', change);
  if (document.host !== id)
    throw new UnusableDocument('unusable_document', 'the document is that of another host');
  return { document, revision: change.revision };
}

/** A bundle of at least one anchor, each readable, together what the hash says. Throws UnusableDocument. */
export function readTrustBundle(replica: ReplicaReader, id: string): CheckedBundle {
  const change = readChange(replica, 'trust-bundle', id);
  if (change === undefined)
    throw new UnusableDocument('trust_bundle_missing', `trust bundle ${id} is not there`);
  const bundle = parseBody('trust-bundle', change);
  const certificates = anchorsOf(id, bundle);
  const read = trustBundleOf(certificates.map((anchor) => ({ der: anchor.raw, pem: anchor.toString() })));
  if (read.contentHash !== bundle.contentHash) {
    throw new UnusableDocument('trust_bundle_unusable', `trust bundle ${id} is not what its hash says`);
  }
  try {
    return { ...read, anchors: readAnchors(certificates.map(({ raw }) => raw)) };
  } catch (error) {
    throw new UnusableDocument(
      'trust_bundle_unusable',
      `trust bundle ${id} holds an anchor that is not DER`,
      error,
    );
  }
}

function anchorsOf(id: string, bundle: TrustBundle): X509Certificate[] {
  if (bundle.anchorsPem.length > LIMITS.anchorsMax) {
    throw new UnusableDocument(
      'trust_bundle_unusable',
      `trust bundle ${id} has more than ${LIMITS.anchorsMax} anchors`,
    );
  }
  return bundle.anchorsPem.map((pem) => {
    const [certificate, ...more] = certificatesOf(pem);
    if (certificate === undefined || more.length > 0) {
      throw new UnusableDocument(
        'trust_bundle_unusable',
        `trust bundle ${id} holds an anchor that cannot be read`,
      );
    }
    return certificate;
  });
}

/** The keys behind session tickets, still sealed. Throws UnusableDocument, of reason `ticket_keys_missing` where there are none. */
export function readTicketKeys(replica: ReplicaReader): TicketKeys {
  const change = readChange(replica, 'ticket-keys', TICKET_KEYS.id);
  if (change === undefined)
    throw new UnusableDocument('ticket_keys_missing', 'there are no keys of session tickets');
  return parseBody('ticket-keys', change);
}

/** What is revoked in a project; null where nothing ever was. Throws UnusableDocument. */
export function readRevocations(replica: ReplicaReader, project: string): RevocationIndex | null {
  const change = readChange(replica, 'revocation', project);
  return change === undefined ? null : indexRevocations(parseBody('revocation', change).entries);
}

/** A revocation list, read and found signed by the key that the API found. Throws UnusableDocument. */
export function readList(replica: ReplicaReader, id: string): CheckedList {
  const change = readChange(replica, 'crl', id);
  if (change === undefined) throw new UnusableDocument('crl_missing', `revocation list ${id} is not there`);
  const document = parseBody('crl', change);
  try {
    return readCheckedList(id, document);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnusableDocument('crl_unusable', `revocation list ${id} cannot be used: ${why}`, error);
  }
}

/** A challenge; undefined where there is none, or none that can be read. */
export function readChallenge(replica: ReplicaReader, id: string): Challenge | undefined {
  try {
    const change = readChange(replica, 'challenge', id);
    return change === undefined ? undefined : parseBody('challenge', change);
  } catch (error) {
    if (error instanceof UnusableDocument) return undefined;
    throw error;
  }
}

/** The certificate document as it is, its key still sealed. Throws UnusableDocument. */
export function readCertificate(replica: ReplicaReader, id: string): CertificateDocument {
  const change = readChange(replica, 'certificate', id);
  if (change === undefined)
    throw new UnusableDocument('certificate_missing', `certificate ${id} is not there`);
  return parseBody('certificate', change);
}

/** Opens a certificate's key with the edge's own, and proves that it belongs to the leaf. Throws UnusableDocument. */
export function openCertificate(
  id: string,
  document: CertificateDocument,
  edgeKeyPem: string,
): OpenedCertificate {
  const unusable = (what: string, cause?: unknown) =>
    new UnusableDocument('certificate_unusable', `certificate ${id}: ${what}`, cause);
  const [leaf] = certificatesOf(document.chainPem);
  if (leaf === undefined) throw unusable('the chain cannot be read');
  let keyPem: string;
  try {
    keyPem = openAtEdge(edgeKeyPem, document.sealedKey, `edge-certificate:${id}`).toString('utf8');
  } catch (error) {
    throw unusable('the key does not open with the key of this edge', error);
  }
  const key = parsePrivateKeyPem(keyPem, { pointer: '' });
  if (!key.ok) throw unusable('the key cannot be read');
  if (!leaf.checkPrivateKey(key.key)) throw unusable('the key belongs to another certificate');
  return { chainPem: document.chainPem, keyPem };
}

/** The certificates of a PEM text that holds nothing else; none where any of it cannot be read. What they say the API has checked. */
function certificatesOf(pem: string): X509Certificate[] {
  const { blocks, findings } = readPemBlocks(pem, { pointer: '', use: 'certificate' });
  if (findings.length > 0 || blocks.some(({ label }) => label !== 'CERTIFICATE')) return [];
  try {
    return blocks.map(({ der }) => new X509Certificate(der));
  } catch {
    return [];
  }
}

function readChange(replica: ReplicaReader, kind: ChangeKind, id: string): Change | undefined {
  let change: Change | undefined;
  try {
    change = replica.get(kind, id);
  } catch (error) {
    throw new UnreadableDocument('unusable_document', `${kind} ${id} cannot be read from the replica`, error);
  }
  return change === undefined || change.body === null ? undefined : change;
}

function parseBody<K extends ChangeKind>(kind: K, change: Change): DocumentBody<K> {
  if (change.body === undefined) {
    throw new UnusableDocument('unusable_document', `${kind} ${change.id} is damaged in the replica`);
  }
  if (!DOCUMENT_FORMATS.includes(change.formatVersion)) {
    throw new UnusableDocument(
      'unknown_format',
      `${kind} ${change.id} has format ${change.formatVersion}; this edge knows ${DOCUMENT_FORMATS.join(' and ')}`,
    );
  }
  const read = readDocument(kind, change.body);
  if (!read.ok) {
    const cause = new Error(`what stands at "${read.at}" is wrong`);
    throw new UnusableDocument('unusable_document', `${kind} ${change.id} is damaged`, cause);
  }
  return read.body;
}
