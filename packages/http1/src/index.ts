export { BodyReader, type BodySink } from './body-reader.ts';
export { chunkSizeLine } from './chunked-encoder.ts';
export { createFieldFilter, type FieldFilter, type FieldFilterOptions } from './field-filter.ts';
export { type FieldLines, fieldLines, fieldText } from './field-lines.ts';
export { type FieldPair, type FieldSection, NEED_MORE } from './field-section.ts';
export { giveHeadBack } from './head-room.ts';
export { HTTP1_FAULTS, Http1Error, type Http1Fault } from './http1-error.ts';
export {
  BODY_LIMITS,
  type BodyLimits,
  type HeadLimits,
  REQUEST_HEAD_LIMITS,
  RESPONSE_HEAD_LIMITS,
} from './http1-limits.ts';
export { type FieldId, fieldId, type KnownName } from './known-fields.ts';
export type { BodyKind } from './message-framing.ts';
export { METHODS } from './methods.ts';
export { RequestHead, type TargetForm } from './request-head.ts';
export { ResponseHead } from './response-head.ts';
export { NOT_IN_TRAILERS } from './trailer-names.ts';
export {
  type RelayFraming,
  type RequestRewrite,
  type ResponseRewrite,
  relayFraming,
  responsePairs,
  writeOwnHead,
  writeRequestHead,
  writeResponseHead,
} from './write-head.ts';
