export { ERROR_CODES } from './error-codes.ts';
export type { FieldPair } from './header-field.ts';
export { HpackDecoder } from './hpack-decoder.ts';
export { HpackEncoder } from './hpack-encoder.ts';
export { Http2ClientConnection, type Http2ClientStream } from './http2-client-connection.ts';
export type { Http2Limits } from './http2-limits.ts';
export { Http2ServerConnection, type Http2ServerOptions } from './http2-server-connection.ts';
export type { Http2Receiver, Http2Stream, Http2WriterListener, StreamOwner } from './http2-stream.ts';
export type { Http2RequestHead, Http2ResponseHead } from './read-head.ts';
