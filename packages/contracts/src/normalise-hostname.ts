import { domainToASCII } from 'node:url';
import type { z } from 'zod';
import { LIMITS } from './limits.ts';
import { DNS_LABEL } from './resource-name.ts';

// No schema is here: see plain/index.ts.

/** A host in its one stored form: lower-case A-labels, no port, no trailing dot; or `*.` plus such a name. */
export type Hostname = string & z.BRAND<'Hostname'>;

/** A name as it is stored, which nearly all are: nothing is to be done about it. */
const STORED = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const IPV4_LIKE = /^(0x[0-9a-f]*|\d+)$/;

/**
 * Says why a text cannot be a host, or gives its stored form.
 *
 * One function serves descriptors, SNI, Host and :authority, so that no two places disagree about a name
 * (UTS 46 through the WHATWG host parser). Ports are not accepted here: see `hostOfAuthority`.
 */
export function normaliseHostname(text: string): { host: Hostname } | { problem: string } {
  if (text.length === 0) return { problem: 'a host is needed' };
  if (text.length > LIMITS.hostInputCharsMax) return { problem: 'a host has at most 253 characters' };
  if (text.length <= LIMITS.hostCharsMax && STORED.test(text) && !text.includes('xn--'))
    return { host: text as Hostname };
  const wildcard = text.startsWith('*.');
  const name = wildcard ? text.slice(2) : text;
  const withoutDot = name.endsWith('.') ? name.slice(0, -1) : name;
  const problem = problemOfName(withoutDot);
  if (problem !== undefined) return { problem };
  // Nothing is to be done about a name that is written as it is stored, which nearly all are; asking costs as much as all the rest.
  const ascii = isPlain(withoutDot) ? withoutDot : domainToASCII(withoutDot).toLowerCase();
  if (ascii === '') return { problem: 'this is not a valid internationalised host' };
  const labels = ascii.split('.');
  if (labels.some((label) => label.length === 0)) return { problem: 'a host has no empty label' };
  if (labels.some((label) => label.length > 63))
    return { problem: 'a label of a host has at most 63 characters' };
  if (labels.some((label) => !DNS_LABEL.test(label))) {
    return { problem: 'a host is made of letters, digits, inner hyphens and dots' };
  }
  if (IPV4_LIKE.test(labels.at(-1) ?? '')) return { problem: 'an IP address is not a host name' };
  const host = wildcard ? `*.${ascii}` : ascii;
  if (host.length > LIMITS.hostCharsMax) return { problem: 'a host has at most 253 characters' };
  if (wildcard && labels.length < 2) {
    return { problem: 'a wildcard needs at least two labels after "*.", like "*.example.org"' };
  }
  return { host: host as Hostname };
}

/** True for a name that the host parser gives back as it is, unless it takes it for an IP address. */
function isPlain(name: string): boolean {
  return /^[a-z0-9.-]+$/.test(name) && !name.includes('xn--');
}

function problemOfName(name: string): string | undefined {
  if (/[\u0000-\u0020\u007f]/.test(name)) return 'a host holds no spaces or control characters';
  if (name.includes('*')) return 'only a first label may be "*", alone: "*.example.org"';
  if (name.includes('_')) return 'a host holds no underscore';
  if (/[:[\]]/.test(name)) return 'a host is a name alone, without scheme and port, and no IP address';
  if (/[/\\?#@%,;|<>^"'`{}!$&()+=~]/.test(name))
    return 'a host is made of letters, digits, inner hyphens and dots';
  return undefined;
}

/**
 * The host of an HTTP authority (`host` or `host:port`, RFC 9110 section 7.2) in stored form; the port is ignored.
 * Undefined when there is none, or when anything but a name and a decimal port is in it. Never a wildcard.
 */
export function hostOfAuthority(authority: string): Hostname | undefined {
  const match = /^([^:]*?)(?::\d{0,5})?$/.exec(authority);
  const name = match?.[1];
  if (name === undefined || name.startsWith('*')) return undefined;
  const result = normaliseHostname(name);
  return 'host' in result ? result.host : undefined;
}

/** The wildcard that covers a host by exactly one label, or undefined where there is none. */
export function wildcardOf(host: string): Hostname | undefined {
  const dot = host.indexOf('.');
  if (dot <= 0 || !host.slice(dot + 1).includes('.')) return undefined;
  return `*${host.slice(dot)}` as Hostname;
}
