import type { FieldPair, HeaderField } from './header-field.ts';

/** What a well-formed request head says (RFC 9113 section 8.3.1). */
export interface Http2RequestHead {
  readonly method: string;
  /** Empty for CONNECT, like the path. */
  readonly scheme: string;
  /** `:authority`; null where absent, and then there is a Host. */
  readonly authority: string | null;
  /** In origin form, or `*`. */
  readonly path: string;
  /** Without pseudo-header fields. */
  readonly fields: readonly FieldPair[];
  /** -1: not declared. */
  readonly contentLength: number;
}

/** What a well-formed response head says (RFC 9113 section 8.3.2). */
export interface Http2ResponseHead {
  readonly status: number;
  readonly fields: readonly FieldPair[];
  /** -1: not declared. */
  readonly contentLength: number;
}

interface Regular {
  readonly fields: FieldPair[];
  contentLength: number;
  hosts: number;
}

/** Null: the head is malformed. */
export function readRequestHead(all: readonly HeaderField[]): Http2RequestHead | null {
  let method: string | null = null;
  let scheme: string | null = null;
  let authority: string | null = null;
  let path: string | null = null;
  let at = 0;
  for (; at < all.length; at += 1) {
    const field = all[at];
    if (field === undefined) return null;
    const { kind, value } = field;
    if (kind === ':method' && method === null) method = value;
    else if (kind === ':scheme' && scheme === null) scheme = value;
    else if (kind === ':authority' && authority === null) authority = value;
    else if (kind === ':path' && path === null) path = value;
    else break;
  }
  const regular = readRegular(all, at);
  if (regular === null || method === null || regular.hosts > 1) return null;
  const { fields, contentLength, hosts } = regular;
  if (method === 'CONNECT') {
    if (authority === null || scheme !== null || path !== null) return null;
    return { method, scheme: '', authority, path: '', fields, contentLength };
  }
  if (scheme === null || path === null || (authority === null && hosts === 0)) return null;
  if (!path.startsWith('/') && !(path === '*' && method === 'OPTIONS')) return null;
  return { method, scheme, authority, path, fields, contentLength };
}

/** Null: the head is malformed. */
export function readResponseHead(all: readonly HeaderField[]): Http2ResponseHead | null {
  if (all[0]?.kind !== ':status') return null;
  const status = Number(all[0].value);
  const regular = readRegular(all, 1);
  // RFC 9113 section 8.6: nobody switches protocols over HTTP/2.
  if (regular === null || status === 101) return null;
  return { status, fields: regular.fields, contentLength: regular.contentLength };
}

/** Null: the trailer section is malformed. */
export function readTrailers(all: readonly HeaderField[]): readonly FieldPair[] | null {
  return readRegular(all, 0)?.fields ?? null;
}

/** The fields from `start` on; null where one of them is malformed, or belongs before them. */
function readRegular(all: readonly HeaderField[], start: number): Regular | null {
  const regular: Regular = { fields: [], contentLength: -1, hosts: 0 };
  for (let at = start; at < all.length; at += 1) {
    const field = all[at];
    if (field === undefined) return null;
    switch (field.kind) {
      case 'regular':
        break;
      case 'host':
        regular.hosts += 1;
        break;
      case 'content-length':
        if (regular.contentLength !== -1) return null;
        regular.contentLength = Number(field.value);
        break;
      default:
        return null;
    }
    regular.fields.push(field.pair);
  }
  return regular;
}
