/** Why bytes are not taken for HTTP/1.1, and the status that a server answers with. A client takes each of them for an invalid answer (502). */
export const HTTP1_FAULTS = {
  /** The first line is not `method SP target SP version CRLF` with single spaces; HTTP/0.9 is among these (RFC 9112 section 3). */
  request_line: 400,
  /** The method is none that the HTTP registry of Node knows (RFC 9110 section 9.1). */
  unknown_method: 501,
  /** CONNECT would make a tunnel of the connection, which nobody here offers (RFC 9110 section 9.3.6). */
  connect: 501,
  /** The target has bytes other than visible ASCII, or is none of origin form, absolute http(s) form, and `*` with OPTIONS. */
  target: 400,
  /** The target is longer than `targetBytesMax`. */
  target_too_long: 414,
  /** A version other than HTTP/1.0 and HTTP/1.1. */
  version: 505,
  /** The first line of an answer is not `version SP three digits [SP reason] CRLF`, or the status is not 100 to 599 (RFC 9112 section 4). */
  status_line: 400,
  /** A line does not end in CRLF: a bare CR, a bare LF (RFC 9112 section 2.2). */
  line_end: 400,
  /** A field name is empty, holds other bytes than a token has, or has whitespace behind it (RFC 9112 section 5.1). */
  field_name: 400,
  /** A line begins with whitespace: obsolete line folding, or whitespace before the first field (RFC 9112 sections 2.2 and 5.2). */
  folded_line: 400,
  /** A field value holds a control character (RFC 9110 section 5.5). */
  field_value: 400,
  /** The head is larger than `headBytesMax`. */
  head_too_large: 431,
  /** More lines than `fieldsMax`. */
  too_many_fields: 431,
  /** A request without Host; it is demanded of HTTP/1.0 as well (RFC 9112 section 3.2). */
  host_missing: 400,
  /** Two Hosts: two programs may choose differently. */
  host_repeated: 400,
  /** A Host that is empty or has bytes that no host and port have. */
  host: 400,
  /** A Content-Length that is not one number in digits, without a leading zero, below 10^15 (RFC 9110 section 8.6). */
  content_length: 400,
  /** Two Content-Lengths, even equal ones. */
  content_length_repeated: 400,
  /** A Transfer-Encoding other than exactly one `chunked` (RFC 9112 section 6.1). */
  transfer_coding: 400,
  /** Transfer-Encoding in a message of HTTP/1.0, which has none (RFC 9112 section 6.1). */
  transfer_coding_on_http10: 400,
  /** A framing field with a tab or several spaces before its value, or whitespace behind it: allowed, and a way to hide it from one of two programs. */
  framing_whitespace: 400,
  /** Content-Length beside Transfer-Encoding (RFC 9112 section 6.3). */
  framing_conflict: 400,
  /** Transfer-Encoding in an answer that has no body by its status: 1xx and 204 (RFC 9112 section 6.1). */
  framing_on_empty: 400,
  /** An interim answer (1xx) that says that the connection ends with it, by Connection or by HTTP/1.0: then no answer could follow. */
  closing_interim: 400,
  /** More members of Connection than `connectionOptionsMax`. */
  too_many_connection_options: 400,
  /** An expectation other than 100-continue (RFC 9110 section 10.1.1). */
  expectation: 417,
  /** A chunk size that is not one to eight hex digits (RFC 9112 section 7.1). */
  chunk_size: 400,
  /** A chunk's size line over `chunkLineBytesMax`, or extensions over `extensionBytesMax` together. */
  chunk_line_too_long: 400,
  /** A chunk extension that is not `;name`, `;name=token` or `;name="quoted"` (RFC 9112 section 7.1.1). */
  chunk_extension: 400,
  /** The data of a chunk are not followed by CRLF. */
  chunk_end: 400,
  /** A trailer section over `trailerBytesMax` or `trailerFieldsMax`. */
  trailers_too_large: 431,
  /** Content-Length, Transfer-Encoding, Connection or Upgrade as a trailer (RFC 9112 section 7.1.2); other fields that have no place there are left out when trailers go on. */
  framing_in_trailers: 400,
  /** The other side closed in the middle of a message (RFC 9112 section 8). */
  truncated: 400,
} as const;

/** One reason not to go on reading. */
export type Http1Fault = keyof typeof HTTP1_FAULTS;

/**
 * Bytes that are refused. Thrown, so that a caller who forgets it fails closed. After it nothing more of the connection can be read:
 * where the next message would begin is not known.
 */
export class Http1Error extends Error {
  override readonly name = 'Http1Error';
  readonly fault: Http1Fault;
  /** What a server answers with. */
  readonly status: (typeof HTTP1_FAULTS)[Http1Fault];

  constructor(fault: Http1Fault) {
    super(`HTTP/1.1: ${fault}`);
    this.fault = fault;
    this.status = HTTP1_FAULTS[fault];
  }
}
