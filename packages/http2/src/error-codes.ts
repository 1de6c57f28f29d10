/** Error codes of RST_STREAM and GOAWAY (RFC 9113 section 7). */
export const ERROR_CODES = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

/** What ends a whole connection: it goes out as GOAWAY. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function protocol(why: string): Http2Error {
  return new Http2Error(ERROR_CODES.protocol, why);
}

export function wrongSize(frame: string): Http2Error {
  return new Http2Error(ERROR_CODES.frameSize, `${frame} of a wrong size`);
}

export function calm(why: string): Http2Error {
  return new Http2Error(ERROR_CODES.enhanceYourCalm, why);
}
