import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { LIMITS } from '@postern/contracts';
import { refusalOfSource } from './source-address.ts';

/** A CA that moves its lists answers with one redirect, or a second one to https. */
const REDIRECTS_MAX = 3;
const REDIRECTS: readonly (number | undefined)[] = [301, 302, 303, 307, 308];

/** Why a list could not be fetched, in words for its owner. */
export class FetchFailure extends Error {
  override readonly name = 'FetchFailure';
}

export interface FetchOptions {
  /** What the last good answer said of itself. */
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Whether addresses of this machine and of private networks are asked. */
  readonly allowPrivate: boolean;
  /** Ends everything, redirects included. */
  readonly signal: AbortSignal;
}

export type FetchedList =
  | {
      readonly kind: 'body';
      readonly bytes: Buffer;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly kind: 'unchanged' };

/**
 * Fetches what lies at an http or https URL, at most LIMITS.crlFetchedBytesMax. Every address is checked before it is connected to,
 * at each redirect again, and the one that was checked is the one that is used. Throws FetchFailure.
 */
export async function fetchList(text: string, options: FetchOptions): Promise<FetchedList> {
  let url = new URL(text);
  for (let redirects = 0; ; redirects += 1) {
    const response = await ask(url, options);
    const { statusCode, headers } = response;
    if (!REDIRECTS.includes(statusCode)) return readAnswer(response, options);
    response.destroy();
    const place = headers.location ?? '';
    const next = URL.canParse(place, url.href) ? new URL(place, url) : null;
    if (next === null || (next.protocol !== 'http:' && next.protocol !== 'https:'))
      throw new FetchFailure(`${url.host} answered ${statusCode} without a place that can be asked`);
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw new FetchFailure(`${url.host} leads from https to http`);
    if (redirects === REDIRECTS_MAX) throw new FetchFailure(`more than ${REDIRECTS_MAX} redirects`);
    url = next;
  }
}

function ask(url: URL, { etag, lastModified, allowPrivate, signal }: FetchOptions): Promise<IncomingMessage> {
  // URL writes IPv6 addresses in brackets.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // For an address nothing is looked up.
  const refusal = isIP(host) === 0 ? undefined : refusalOfSource(host, allowPrivate);
  if (refusal !== undefined) return Promise.reject(new FetchFailure(`${host} is not asked: ${refusal}`));
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = send(url, {
    agent: false,
    signal,
    lookup: guardedLookup(allowPrivate),
    headers: {
      accept: 'application/pkix-crl, application/x-pem-file, */*;q=0.1',
      'accept-encoding': 'identity',
      ...(etag === null ? {} : { 'if-none-match': etag }),
      ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
    },
  });
  request.on('response', resolve);
  request.on('error', (error) => reject(failureOf(error, url, signal)));
  request.end();
  return promise;
}

/** Yields allowed addresses only, so that a name cannot lead elsewhere between check and use. */
function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = found.filter(({ address }) => refusalOfSource(address, allowPrivate) === undefined);
      const [first] = allowed;
      if (first === undefined) {
        const address = found[0]?.address ?? '';
        const why = refusalOfSource(address, allowPrivate) ?? 'it has no address';
        return callback(new FetchFailure(`${hostname} (${address}) is not asked: ${why}`), '', 0);
      }
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}

async function readAnswer(
  response: IncomingMessage,
  { etag, lastModified, signal }: FetchOptions,
): Promise<FetchedList> {
  const { statusCode, headers } = response;
  const isConditional = etag !== null || lastModified !== null;
  if (statusCode !== 200) {
    response.destroy();
    if (statusCode === 304 && isConditional) return { kind: 'unchanged' };
    throw new FetchFailure(`the server answered ${statusCode}`);
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    response.destroy();
    throw new FetchFailure('the server compresses what it was asked for plain');
  }
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > LIMITS.crlFetchedBytesMax)
        throw new FetchFailure(`the list has more than ${LIMITS.crlFetchedBytesMax} bytes`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof FetchFailure) throw error;
    throw failureOf(error, null, signal);
  }
  return {
    kind: 'body',
    bytes: Buffer.concat(parts, length),
    etag: headers.etag ?? null,
    lastModified: headers['last-modified'] ?? null,
  };
}

function failureOf(error: unknown, url: URL | null, signal: AbortSignal): FetchFailure {
  if (error instanceof FetchFailure) return error;
  if (signal.aborted) return new FetchFailure('it took too long');
  const { code, message } = error as NodeJS.ErrnoException;
  const who = url === null ? 'the server' : url.host;
  const what = code === undefined ? message : `${message} (${code})`;
  return new FetchFailure(`${who} cannot be asked: ${what}`);
}
