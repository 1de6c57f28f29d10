import { isServedMethod } from '@postern/admission';
import { type Hostname, hostOfAuthority, PosternError } from '@postern/contracts/plain';
import type { RequestHead as Http1Head } from '@postern/http1';
import { type FieldList, listOf } from '../upstream/fields.ts';
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
 * Refuses: no or two Hosts, a Host that is no name, a Host that differs from :authority or from an absolute target, an odd Content-Length,
 * an Expect other than 100-continue, CONNECT, TRACE and unknown methods, and heads over HTTP_LIMITS. What the readers of bytes refuse
 * (packages/http1; for HTTP/2 Node's) comes here as the exchange's fault, or never. `names`: of the connection.
 */
export function readRequestHead(exchange: Exchange, names: SaidName): RequestHead {
  const { fields, method, http1Head } = exchange;
  if (exchange.fault !== null) throw exchange.fault;
  if (http1Head === null) checkSize(exchange);
  if (!isServedMethod(method)) {
    throw new PosternError('unsupported_method', { detail: 'Requests with this method are not forwarded.' });
  }
  if (http1Head !== null) {
    const authority = http1Head.host;
    return {
      host: hostOfHttp1(http1Head, authority, names),
      authority,
      target: exchange.target,
      contentLength: http1Head.contentLength === -1 ? null : http1Head.contentLength,
      expectsContinue: http1Head.expectsContinue,
    };
  }
  if (fields.valuesOf('transfer-encoding').length > 0)
    throw ambiguous('Transfer-Encoding belongs to HTTP/1.1 alone');
  const authority = authorityOfHttp2(exchange);
  const host = names.hostOf(authority);
  if (host === undefined) throw ambiguous('the Host is not a host name');
  return {
    host,
    authority: /^[\u0021-\u007e]+$/.test(authority) ? authority : host,
    target: exchange.target,
    contentLength: readContentLength(fields),
    expectsContinue: readExpectation(fields),
  };
}

function checkSize({ fields, target }: Exchange): void {
  const pairs = fields.toPairs();
  const bytes = pairs.reduce((sum, [name, value]) => sum + name.length + value.length + 4, target.length);
  if (bytes > HTTP_LIMITS.headBytesMax || pairs.length > HTTP_LIMITS.fieldsMax) {
    throw new PosternError('request_head_too_large', {
      detail: `A request head has at most ${HTTP_LIMITS.headBytesMax} bytes and ${HTTP_LIMITS.fieldsMax} fields.`,
    });
  }
}

/** RFC 9112 section 3.2.2: a proxy would believe an absolute target and not the Host, so they must agree. */
function hostOfHttp1(head: Http1Head, authority: string, names: SaidName): Hostname {
  const host = names.hostOf(authority);
  if (host === undefined) throw ambiguous('the Host is not a host name');
  if (head.targetForm !== 'absolute') return host;
  if (!head.isSecureTarget) throw ambiguous('the target is neither a path nor an https URL of this host');
  if (hostOfAuthority(head.targetAuthority) !== host) {
    throw ambiguous('the Host differs from that of the absolute target');
  }
  return host;
}

/** The name that the requests of one connection say: mostly one and the same, which is read once. */
export class SaidName {
  #authority = '';
  #host: Hostname | undefined;

  /** The host of an authority; undefined where it is no name. */
  hostOf(authority: string): Hostname | undefined {
    if (authority === this.#authority) return this.#host;
    const host = hostOfAuthority(authority);
    if (host !== undefined) {
      this.#authority = authority;
      this.#host = host;
    }
    return host;
  }
}

function authorityOfHttp2(exchange: Exchange): string {
  const hosts = exchange.fields.valuesOf('host');
  if (hosts.length > 1) throw ambiguous('there are two Hosts');
  const [host] = hosts;
  if (exchange.scheme !== 'https') throw ambiguous('the :scheme is not https');
  const authority = exchange.authority ?? host;
  if (authority === undefined) throw ambiguous('there is neither :authority nor Host');
  if (host !== undefined && hostOfAuthority(host) !== hostOfAuthority(authority)) {
    throw ambiguous('the Host differs from :authority');
  }
  return authority;
}

function readContentLength(fields: FieldList): number | null {
  const values = fields.valuesOf('content-length');
  const [value] = values;
  if (value === undefined) return null;
  if (values.length > 1 || !/^\d{1,15}$/.test(value)) throw ambiguous('the Content-Length is not one number');
  return Number(value);
}

function readExpectation(fields: FieldList): boolean {
  const expectations = listOf(fields, 'expect');
  if (expectations.length === 0) return false;
  if (expectations.every((member) => member === '100-continue')) return true;
  throw new PosternError('expectation_failed', { detail: 'Only Expect: 100-continue is supported.' });
}

function ambiguous(why: string): PosternError {
  return new PosternError('bad_request', { detail: `The request is refused: ${why}.` });
}
