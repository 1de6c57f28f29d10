import { type ClientHttp2Stream, constants } from 'node:http2';
import { PosternError, type Target, targetName } from '@postern/contracts';
import type { Attempt, AttemptEvents, UpstreamRequest } from './attempt.ts';
import { NO_WRITER } from './body.ts';
import { type Field, fieldsOfRaw, ListedFields } from './fields.ts';
import { bodyOfStream, writerOfStream } from './h2-body.ts';
import type { Http2Sessions } from './h2-sessions.ts';
import { resetStream } from './reset-stream.ts';
import { problemOfUpstream, StaleConnectionError } from './upstream-error.ts';

export interface Http2AttemptOptions {
  readonly target: Target;
  readonly sessions: Http2Sessions;
  /** Value of :authority. */
  readonly authority: string;
  readonly request: UpstreamRequest;
  readonly events: AttemptEvents;
}

/** Errors that say a stream was never looked at by the upstream (RFC 9113 section 8.7), so that it may be sent again. */
const UNPROCESSED = new Set([
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_OUT_OF_STREAMS',
  'NGHTTP2_REFUSED_STREAM',
]);

/** Sends one request as a stream of a shared HTTP/2 session. */
export async function startHttp2Attempt(options: Http2AttemptOptions): Promise<Attempt> {
  const { target, request, events } = options;
  const place = await options.sessions.acquire();
  let trailersOut: readonly Field[] = [];
  let stream: ClientHttp2Stream;
  try {
    stream = place.session.request(headOf(options), {
      endStream: request.body.kind === 'none',
      // Node ends a stream before it resets it; a body that broke off must never look whole to the upstream.
      waitForTrailers: request.body.kind !== 'none',
    });
  } catch (error) {
    place.release();
    throw UNPROCESSED.has(codeOfError(error))
      ? new StaleConnectionError('the session was ending', { cause: error })
      : problemOfUpstream(error, targetName(target), true);
  }
  let trailersIn: Field[] = [];
  let isSettled = false;
  stream.on('continue', () => {
    events.onContinue();
  });
  stream.on('headers', (headers, _flags, raw: unknown) => {
    const status = Number(headers[':status']);
    if (status !== 100) events.onInform(status, fieldsOfRaw(listOfRaw(raw)));
  });
  stream.on('trailers', (_headers, _flags, raw: unknown) => {
    trailersIn = fieldsOfRaw(listOfRaw(raw));
  });
  stream.on('wantTrailers', () => {
    stream.sendTrailers(objectOf(trailersOut));
  });
  stream.on('response', (headers, flags, raw: unknown) => {
    isSettled = true;
    events.onResponse({
      status: Number(headers[':status']),
      fields: new ListedFields(fieldsOfRaw(listOfRaw(raw))),
      http1Head: null,
      hasBody: (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0,
      body: bodyOfStream(
        stream,
        () =>
          !stream.aborted && (stream.rstCode ?? constants.NGHTTP2_NO_ERROR) === constants.NGHTTP2_NO_ERROR,
      ),
      trailers: () => trailersIn,
      upgraded: null,
    });
  });
  stream.on('error', (error) => {
    if (isSettled) return;
    isSettled = true;
    events.onFailed(
      stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || UNPROCESSED.has(codeOfError(error))
        ? new StaleConnectionError('the stream was refused', { cause: error })
        : problemOfUpstream(error, targetName(target), true),
    );
  });
  stream.on('close', () => {
    place.release();
    // Every stream comes here; a problem costs a stack.
    if (!isSettled) {
      isSettled = true;
      events.onFailed(
        new PosternError('upstream_invalid', {
          detail: 'The upstream ended the stream before its response head was complete.',
          context: { target: targetName(target), rstCode: stream.rstCode },
        }),
      );
    }
    events.onClosed();
  });
  return {
    writer: request.body.kind === 'none' ? NO_WRITER : writerOfStream(stream),
    finish(trailers) {
      if (request.body.kind === 'none' || stream.destroyed || stream.writableEnded) return;
      trailersOut = trailers;
      stream.end();
    },
    abort(silent) {
      resetStream(stream, constants.NGHTTP2_CANCEL);
      if (silent !== undefined) place.retire();
    },
  };
}

function headOf(options: Http2AttemptOptions): string[] {
  const { request, target } = options;
  const head = [
    ':method',
    request.method,
    ':scheme',
    target.protocol === 'https' ? 'https' : 'http',
    ':authority',
    options.authority,
    ':path',
    request.path,
  ];
  for (const [name, value] of request.fields()) head.push(name.toLowerCase(), value);
  if (request.takesTrailers()) head.push('te', 'trailers');
  if (request.expectContinue) head.push('expect', '100-continue');
  if (request.body.kind === 'sized') head.push('content-length', String(request.body.bytes));
  return head;
}

/** Node types raw lists as absent from these events, but gives them. */
function listOfRaw(raw: unknown): string[] {
  return Array.isArray(raw) ? raw.map(String) : [];
}

/** Trailers as Node takes them: repeated names become one comma-separated field. */
export function objectOf(fields: readonly Field[]): Record<string, string> {
  const all = new Map<string, string>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const before = all.get(key);
    all.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(all);
}

function codeOfError(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
