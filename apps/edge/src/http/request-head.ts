import { isServedMethod } from '@postern/admission';
import { type Hostname, hostOfAuthority, PosternError } from '@postern/contracts';
import { type Field, listOf, valuesOf } from '../upstream/fields.ts';
import type { Exchange } from './exchange.ts';
import { HTTP_LIMITS } from './http-limits.ts';

/** What an unambiguous request head says. */
export interface RequestHead {
  readonly host: Hostname;
  /** Host with port as the client wrote it; visible ASCII. */
  readonly authority: string;
  /** In origin form, or `*`. */
  readonly target: string;
  /** Bytes of the body where they are declared. */
  readonly contentLength: number | null;
  readonly expectsContinue: boolean;
}

/**
 * Reads a head that two HTTP programs could not read in two ways; throws `bad_request` (and 417, 431, 501) for the rest.
 *
 * Refuses: no or two Hosts, a Host that is no name, a Host that differs from :authority or from an absolute target, HTTP/0.9,
 * Transfer-Encoding that is not exactly one `chunked` or comes on HTTP/1.0, an odd Content-Length, an Expect other than 100-continue, CONNECT, TRACE
 * and unknown methods, and heads over HTTP_LIMITS. What Node's parsers refuse (CL with TE, bad chunks, obs-fold) never comes here.
 */
export function readRequestHead(exchange: Exchange): RequestHead {
  const { fields, method } = exchange;
  checkSize(exchange);
  if (exchange.protocol === 'HTTP/0.9') throw ambiguous('HTTP/0.9 is not served');
  checkFraming(exchange);
  if (!isServedMethod(method)) {
    throw new PosternError('unsupported_method', { detail: 'Requests with this method are not forwarded.' });
  }
  const { authority, target } = readAuthority(exchange);
  const host = hostOfAuthority(authority);
  if (host === undefined) throw ambiguous('the Host is not a host name');
  return {
    host,
    authority: /^[\u0021-\u007e]+$/.test(authority) ? authority : host,
    target,
    contentLength: readContentLength(fields),
    expectsContinue: readExpectation(fields),
  };
}

function checkSize({ fields, target }: Exchange): void {
  const bytes = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, target.length);
  if (bytes > HTTP_LIMITS.headBytesMax || fields.length > HTTP_LIMITS.fieldsMax) {
    throw new PosternError('request_head_too_large', {
      detail: `A request head has at most ${HTTP_LIMITS.headBytesMax} bytes and ${HTTP_LIMITS.fieldsMax} fields.`,
    });
  }
}

function checkFraming({ fields, protocol }: Exchange): void {
  const codings = valuesOf(fields, 'transfer-encoding');
  if (codings.length === 0) return;
  if (protocol !== 'HTTP/1.1') throw ambiguous('Transfer-Encoding belongs to HTTP/1.1 alone');
  if (codings.length > 1 || codings[0]?.trim().toLowerCase() !== 'chunked') {
    throw ambiguous('the only Transfer-Encoding served is one "chunked"');
  }
  if (valuesOf(fields, 'content-length').length > 0)
    throw ambiguous('Content-Length stands beside Transfer-Encoding');
}

function readAuthority(exchange: Exchange): { authority: string; target: string } {
  const hosts = valuesOf(exchange.fields, 'host');
  if (hosts.length > 1) throw ambiguous('there are two Hosts');
  const [host] = hosts;
  if (exchange.protocol === 'HTTP/2') {
    if (exchange.scheme !== 'https') throw ambiguous('the :scheme is not https');
    const authority = exchange.authority ?? host;
    if (authority === undefined) throw ambiguous('there is neither :authority nor Host');
    if (host !== undefined && hostOfAuthority(host) !== hostOfAuthority(authority)) {
      throw ambiguous('the Host differs from :authority');
    }
    return { authority, target: exchange.target };
  }
  if (host === undefined) throw ambiguous('there is no Host');
  if (exchange.target.startsWith('/') || (exchange.target === '*' && exchange.method === 'OPTIONS')) {
    return { authority: host, target: exchange.target };
  }
  const absolute = /^https:\/\/([^/?#]+)(.*)$/i.exec(exchange.target);
  if (absolute?.[1] === undefined || absolute[2] === undefined) {
    throw ambiguous('the target is neither a path nor an https URL of this host');
  }
  if (hostOfAuthority(absolute[1]) === undefined || hostOfAuthority(absolute[1]) !== hostOfAuthority(host)) {
    throw ambiguous('the Host differs from that of the absolute target');
  }
  return { authority: host, target: absolute[2].startsWith('/') ? absolute[2] : `/${absolute[2]}` };
}

function readContentLength(fields: readonly Field[]): number | null {
  const values = valuesOf(fields, 'content-length');
  const [value] = values;
  if (value === undefined) return null;
  if (values.length > 1 || !/^\d{1,15}$/.test(value)) throw ambiguous('the Content-Length is not one number');
  return Number(value);
}

function readExpectation(fields: readonly Field[]): boolean {
  const expectations = listOf(fields, 'expect');
  if (expectations.length === 0) return false;
  if (expectations.every((member) => member === '100-continue')) return true;
  throw new PosternError('expectation_failed', { detail: 'Only Expect: 100-continue is supported.' });
}

function ambiguous(why: string): PosternError {
  return new PosternError('bad_request', { detail: `The request is refused: ${why}.` });
}
