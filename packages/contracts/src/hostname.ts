import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { hostname, resourceName } from './names.ts';
import { type Hostname, normaliseHostname } from './normalise-hostname.ts';
import { PosternError } from './problems.ts';

/**
 * How a hostname came to be served. `generated`: by Postern; `trusted`: no proof was asked for, as verification was off or the
 * name lies below the installation's own domain; the others are records that were found.
 */
export const HOSTNAME_PROOFS = ['generated', 'trusted', 'cname', 'address', 'txt'] as const;
export type HostnameProof = (typeof HOSTNAME_PROOFS)[number];

/**
 * How a hostname stands; also the reasons of the condition `HostValidation`. Served are all but the first two. `DnsChanged`: it
 * was verified, and DNS no longer says so.
 */
export const HOSTNAME_STATES = [
  'Validating',
  'DnsNotVerified',
  'Verified',
  'NotRequired',
  'DnsChanged',
] as const;
export type HostnameState = (typeof HOSTNAME_STATES)[number];

/** What DNS says of a hostname. */
export const dnsFindings = z.strictObject({
  /** Where CNAME records lead, one after the other. */
  cname: z.array(z.string()),
  addresses: z.array(z.string()),
  /** Texts at `challengeNameOf`. */
  txt: z.array(z.string()),
  /** The CAA records that hold for the name, as they stand in a zone; null: none, every CA may issue. */
  caa: z.strictObject({ at: z.string(), records: z.array(z.string()) }).nullable(),
  /** Questions that no server answered. */
  failures: z.array(z.string()),
});
export type DnsFindings = z.infer<typeof dnsFindings>;

/** A record that verifies a hostname; one of them is enough. */
const dnsRecord = z.strictObject({
  type: z.enum(['CNAME', 'A', 'AAAA', 'TXT']),
  name: z.string(),
  value: z.string(),
});
export type DnsRecord = z.infer<typeof dnsRecord>;

/** A name that a project may use, as callers see it. */
export const hostnameResource = z
  .strictObject({
    project: resourceName,
    name: z.string(),
    generated: z.boolean(),
    /** Added by itself: it stays when no route uses it. Else it goes with its route. */
    kept: z.boolean(),
    state: z.enum(HOSTNAME_STATES),
    message: z.string(),
    /** Since when the state holds. */
    since: z.iso.datetime(),
    /** Null: not yet, and it is not served. */
    verifiedAt: z.iso.datetime().nullable(),
    verifiedBy: z.enum(HOSTNAME_PROOFS).nullable(),
    /** When DNS is asked next; null: only when somebody wants it. */
    nextCheckAt: z.iso.datetime().nullable(),
    /** What the last look at DNS found; null before the first. */
    checked: dnsFindings.extend({ at: z.iso.datetime() }).nullable(),
    /** Of which one verifies it; those of type A, AAAA and CNAME also lead clients to the edges. */
    records: z.array(dnsRecord),
    /** The route that serves it. */
    route: resourceName.nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Hostname' });
export type HostnameResource = z.infer<typeof hostnameResource>;

/** What a caller sends to add a hostname; without a name it is generated. */
export const hostnameCreate = z.strictObject({ name: hostname.optional() }).meta({ id: 'HostnameCreate' });

/** What the world reaches the edges by. */
export interface PublicEdge {
  /** What CNAME records lead to. */
  readonly name: Hostname | null;
  /** In their shortest form. */
  readonly addresses: readonly string[];
}

/** Reads POSTERN_EDGE_PUBLIC_NAME and POSTERN_EDGE_PUBLIC_ADDRESSES; fails with `validation_failed` naming the variable. */
export function readPublicEdge(texts: {
  readonly POSTERN_EDGE_PUBLIC_NAME?: string | undefined;
  readonly POSTERN_EDGE_PUBLIC_ADDRESSES?: string | undefined;
}): PublicEdge {
  const name = texts.POSTERN_EDGE_PUBLIC_NAME || null;
  const addresses = (texts.POSTERN_EDGE_PUBLIC_ADDRESSES || '').split(',').map((text) => text.trim());
  return {
    name: name === null ? null : publicNameOf(name),
    addresses: addresses.filter((text) => text !== '').map(publicAddressOf),
  };
}

function publicNameOf(text: string): Hostname {
  const result = normaliseHostname(text);
  if ('host' in result && !result.host.startsWith('*')) return result.host;
  const problem = 'problem' in result ? result.problem : 'a wildcard leads nowhere';
  throw new PosternError('validation_failed', { detail: `POSTERN_EDGE_PUBLIC_NAME: ${problem}` });
}

function publicAddressOf(text: string): string {
  if (isIP(text) !== 0) return shortAddressOf(text);
  const detail = `POSTERN_EDGE_PUBLIC_ADDRESSES: "${text}" is not an address, like 192.0.2.7 or 2001:db8::7`;
  throw new PosternError('validation_failed', { detail });
}

/** The one shortest form of an IP address. */
export function shortAddressOf(address: string): string {
  if (isIP(address) !== 6) return address;
  return new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
}

/** Where the TXT record of a hostname stands; that of a wildcard beside that of the name it lies below. */
export function challengeNameOf(name: string): string {
  return `_postern-challenge.${name.replace(/^\*\./, '')}`;
}

/**
 * The text that proves a hostname to be the project's. It follows from both, so that a hostname that is removed and added again needs no
 * other record, and that of one project, or of another installation, is of no use to the next. No secret: DNS is public.
 */
export function challengeTextOf(projectId: string, name: string): string {
  const digest = hash('sha256', `postern hostname 1\n${projectId}\n${name}`, 'base64url');
  return `postern-verification=${digest}`;
}

/** The records of which one verifies a hostname, the best first. */
export function recordsFor(name: string, token: string, edge: PublicEdge): DnsRecord[] {
  const txt: DnsRecord = { type: 'TXT', name: challengeNameOf(name), value: token };
  if (name.startsWith('*.')) return [txt];
  return [
    ...(edge.name === null ? [] : [{ type: 'CNAME' as const, name, value: edge.name }]),
    ...edge.addresses.map((value): DnsRecord => ({ type: isIP(value) === 6 ? 'AAAA' : 'A', name, value })),
    txt,
  ];
}

/** Whether a name lies below a domain, or is it. */
export function isBelow(name: string, domain: string): boolean {
  const host = name.replace(/^\*\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}
