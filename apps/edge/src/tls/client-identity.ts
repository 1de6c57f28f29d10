import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Evaluation, PresentedClient } from '@postern/admission';
import type { ClientIdentity } from '../connection.ts';
import { readSession } from './read-session.ts';

/** Certificates of one client; OpenSSL itself stops at 100. */
const SENT_MAX = 101;

/**
 * The leaf of the peer; null when it sent none. From the session, of a resumed one as well: Node's own getPeerCertificate() takes three
 * times as long to describe what we read ourselves, and dies at curves that NIST gave no name. Throws where this Node shows sessions otherwise.
 */
export function leafShown(socket: TLSSocket): Buffer | null {
  const session = socket.getSession();
  if (session === undefined) throw new Error('a finished handshake without a session');
  return readSession(session).leafDer;
}

/**
 * The certificates of the peer as it sent them, leaf first.
 *
 * Node never gives back the memory of those above the leaf (nodejs/node #65579), so this is for the few cases in which nothing else
 * will do: `KnownIntermediates.mayRead`. getPeerCertificate(true) would, but dies at an issuer on a curve that NIST gave no name.
 */
export function certificatesSent(socket: TLSSocket): Buffer[] {
  const sent: Buffer[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && sent.length < SENT_MAX) {
    sent.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return sent;
}

/** By their evaluations, each of one chain. */
const IDENTITIES = new WeakMap<Evaluation, ClientIdentity>();

/**
 * Who a client is; null where no path is valid, so that nobody knows. Connections with one evaluation share it, and what is made for
 * services of it.
 */
export function identityOf(presented: PresentedClient, evaluation: Evaluation): ClientIdentity | null {
  const known = IDENTITIES.get(evaluation);
  if (known !== undefined) return known;
  const { anchor, names, path, validUntil } = evaluation;
  const [leaf] = path;
  if (leaf === undefined || names === null || anchor === null) return null;
  const identity: ClientIdentity = {
    leafDer: leaf.der,
    presented,
    chainDer: path.filter(({ source }) => source === 'sent').map(({ der }) => der),
    names,
    fingerprint: leaf.fingerprint,
    validUntil,
  };
  IDENTITIES.set(evaluation, identity);
  return identity;
}

/** SHA-256 of a DER, lower-case hex. */
export function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}
