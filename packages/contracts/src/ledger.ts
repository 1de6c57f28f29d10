import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** Id of a refusal: milliseconds since 1970 of the minute it began in, in base 36, and 64 bits of a hash; sorts by time. */
export const refusalId = z
  .string()
  .regex(/^[0-9a-z]{9}-[0-9a-f]{16}$/, 'an id of a refusal is like "0mib3k5c0-9f86d081884c7d65"');

/** SHA-256 in lower-case hex. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits');

/** Milliseconds since 1970, as far as ISO 8601 has four digits for the year. */
const instant = z.int().min(0).max(253_402_300_799_999);
const shown = z.string().max(LIMITS.ledgerTextCharsMax);
const name = z.string().max(LIMITS.hostCharsMax + 2);

/** When a client met its refusal; `connection`: one that had been let in, and whose connection was ended. */
export const REFUSAL_PHASES = ['handshake', 'request', 'connection'] as const;
export type RefusalPhase = (typeof REFUSAL_PHASES)[number];

/**
 * A refusal as an edge reports it. Reported again while it grows: everything but `lastAt` and `count` stays, and those
 * are whole numbers since the entry began, so that a report that comes twice changes nothing.
 */
export const refusalReport = z.strictObject({
  id: refusalId,
  project: name,
  route: name,
  /** The route's host: a name or a wildcard. */
  host: name,
  /** The name that the client asked for. */
  sni: name,
  firstAt: instant,
  lastAt: instant,
  count: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** A word of REFUSAL_REASONS, or `misdirected_request`; left open, so that a newer edge can speak to an older API. */
  reason: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  detail: shown,
  /** The rule that refused; null where the host as a whole did. */
  rule: shown.nullable(),
  /** Null where the refusals of several clients are one entry. */
  clientAddress: z.string().max(64).nullable(),
  fingerprint: sha256Hex.nullable(),
  subject: shown.nullable(),
  issuer: shown.nullable(),
  serial: z.string().max(128).nullable(),
  /** SHA-256 of what was presented; null when nothing was, or too much to keep. */
  chain: sha256Hex.nullable(),
  /** Revision of the host's document that decided. */
  revision: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  tlsVersion: z.string().max(16).nullable(),
  /** True where the client was let in and only would have been refused. */
  observed: z.boolean(),
  /** True where the entry stands for several clients: there were too many to keep apart. */
  various: z.boolean(),
  /** Absent: the edge does not tell. */
  phase: z.enum(REFUSAL_PHASES).optional(),
  /** The observed matcher that would admit the client, like `exact "a.acme.org"`; absent: none. */
  observedMatch: shown.optional(),
});
export type RefusalReport = z.infer<typeof refusalReport>;

/** A client that was seen at a host with a certificate that one of the host's CAs vouches for. */
export const clientSighting = z.strictObject({
  project: name,
  route: name,
  host: name,
  fingerprint: sha256Hex,
  subject: shown,
  issuer: shown,
  serial: z.string().max(128),
  /** End of the leaf's own validity. */
  notAfter: instant,
  /** Id of the trust bundle (of its secret), and SHA-256 of the anchor in it that the path ends in. */
  bundle: z.string().max(64),
  anchor: sha256Hex,
  chain: sha256Hex.nullable(),
  /** `refuse`: the CA vouches for it, but it was not let in. */
  verdict: z.enum(['admit', 'refuse']),
  firstAt: instant,
  lastAt: instant,
});
export type ClientSighting = z.infer<typeof clientSighting>;

/** Certificates as they were presented, leaf first, base64 of DER. */
export const presentedChain = z.strictObject({
  hash: sha256Hex,
  /** True when a CA of a host vouched for it. */
  trusted: z.boolean(),
  certificates: z
    .array(z.base64().max(LIMITS.presentedChainBytesMax * 2))
    .min(1)
    .max(LIMITS.presentedCertificatesMax),
});
export type PresentedChain = z.infer<typeof presentedChain>;

/** What an edge tells of clients. It repeats a report whose answer it did not get; nothing is counted twice. */
export const ledgerReport = z
  .strictObject({
    edge: z.string().min(1).max(128),
    /** One run of the edge; `dropped` counts within it. */
    run: z.string().min(1).max(64),
    refusals: z.array(refusalReport).max(LIMITS.reportedRefusalsMax),
    sightings: z.array(clientSighting).max(LIMITS.reportedSightingsMax),
    chains: z.array(presentedChain).max(LIMITS.reportedRefusalsMax + LIMITS.reportedSightingsMax),
    /** Refusals of this run that could not be recorded. */
    dropped: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  })
  .meta({ id: 'LedgerReport' });
export type LedgerReport = z.infer<typeof ledgerReport>;

/** A recorded refusal as callers see it. */
export const refusalResource = z
  .strictObject({
    id: refusalId,
    project: z.string(),
    route: z.string(),
    host: z.string(),
    sni: z.string(),
    edge: z.string(),
    firstAt: z.iso.datetime(),
    lastAt: z.iso.datetime(),
    count: z.int(),
    reason: z.string(),
    detail: z.string(),
    rule: z.string().nullable(),
    clientAddress: z.string().nullable(),
    fingerprint: z.string().nullable(),
    subject: z.string().nullable(),
    issuer: z.string().nullable(),
    serial: z.string().nullable(),
    chainHash: z.string().nullable(),
    revision: z.int(),
    tlsVersion: z.string().nullable(),
    observed: z.boolean(),
    various: z.boolean(),
    /** Null: an older edge did not tell. */
    phase: z.enum(REFUSAL_PHASES).nullable(),
    observedMatch: z.string().nullable(),
  })
  .meta({ id: 'Refusal' });
export type RefusalResource = z.infer<typeof refusalResource>;

/** One refusal with what was presented, PEM and leaf first; null when nothing was, or it is no longer kept. */
export const refusalDetails = refusalResource
  .extend({ chainPem: z.array(z.string()).nullable() })
  .meta({ id: 'RefusalDetails' });
export type RefusalDetails = z.infer<typeof refusalDetails>;

/** One page of the ledger, the refusals with the latest news first. */
export const refusalList = z
  .strictObject({
    items: z.array(refusalResource),
    next: z.string().nullable(),
    /** Refusals that edges had to leave out in the time asked for; they belong to any project. */
    dropped: z.int(),
  })
  .meta({ id: 'RefusalList' });
export type RefusalList = z.infer<typeof refusalList>;

/** What has come since a cursor, oldest first; a refusal that grew comes again. */
export const refusalTail = z
  .strictObject({ items: z.array(refusalResource), cursor: z.string() })
  .meta({ id: 'RefusalTail' });
export type RefusalTail = z.infer<typeof refusalTail>;

/** Where a client was seen, and by which CA it was known there. */
export const clientHost = z.strictObject({
  host: z.string(),
  route: z.string(),
  /** Name of the `tls-ca` secret; null when it is gone. */
  ca: z.string().nullable(),
  bundle: z.string(),
  anchor: z.string(),
  /** At the last sighting. */
  verdict: z.enum(['admit', 'refuse']),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
});

/** A client of the inventory, by the fingerprint of its certificate. */
export const clientResource = z
  .strictObject({
    fingerprint: z.string(),
    project: z.string(),
    subject: z.string(),
    issuer: z.string(),
    serial: z.string(),
    notAfter: z.iso.datetime(),
    chainHash: z.string().nullable(),
    firstAt: z.iso.datetime(),
    lastAt: z.iso.datetime(),
    /** Latest first; at most LIMITS.clientHostsMax. */
    hosts: z.array(clientHost),
  })
  .meta({ id: 'Client' });
export type ClientResource = z.infer<typeof clientResource>;

/** One client with what it presented, PEM and leaf first; null when that is not kept. */
export const clientDetails = clientResource
  .extend({ chainPem: z.array(z.string()).nullable() })
  .meta({ id: 'ClientDetails' });
export type ClientDetails = z.infer<typeof clientDetails>;
