import { COLON, CR, SP } from './character-classes.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { FieldSection } from './field-section.ts';
import { Http1Error } from './http1-error.ts';
import { CONTENT_LENGTH_DIGITS_MAX } from './http1-limits.ts';
import { type FieldId, fieldId, KNOWN_NAMES } from './known-fields.ts';

/** How the end of a body is known. `close`: by the end of the connection, in answers only. */
export type BodyKind = 'none' | 'length' | 'chunked' | 'close';

const CONNECTION = fieldId('connection');
const CONTENT_LENGTH = fieldId('content-length');
const TRANSFER_ENCODING = fieldId('transfer-encoding');
const OF_FRAMING = new Uint8Array(KNOWN_NAMES.length);
for (const id of [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING]) OF_FRAMING[id] = 1;

/** Whether a field is one that `MessageFraming` takes: one of framing or of the connection. */
export function isOfFraming(id: FieldId): boolean {
  return OF_FRAMING[id] === 1;
}

/** What the framing fields of one head say (RFC 9112 section 6). */
export class MessageFraming {
  /** Bytes; -1 where no Content-Length is there. */
  contentLength = -1;
  chunked = false;

  clear(): void {
    this.contentLength = -1;
    this.chunked = false;
  }

  /** Takes a field of which `isOfFraming` is true. Throws Http1Error. */
  take(section: FieldSection, index: number, minor: 0 | 1, options: ConnectionOptions): void {
    switch (section.idAt(index)) {
      case CONNECTION:
        options.add(section, index);
        return;
      case CONTENT_LENGTH:
        requirePlain(section, index);
        if (this.contentLength !== -1) throw new Http1Error('content_length_repeated');
        this.contentLength = readLength(section, index);
        break;
      case TRANSFER_ENCODING:
        requirePlain(section, index);
        if (minor === 0) throw new Http1Error('transfer_coding_on_http10');
        if (this.chunked || !section.valueIs(index, 'chunked')) throw new Http1Error('transfer_coding');
        this.chunked = true;
        break;
    }
    if (this.chunked && this.contentLength !== -1) throw new Http1Error('framing_conflict');
  }
}

/** Throws unless the value stands behind at most one space, and its line end behind it. */
function requirePlain(section: FieldSection, index: number): void {
  const { bytes } = section;
  const start = section.valueStartAt(index);
  const before = start - section.nameEndAt(index);
  const isPlain = before === 1 ? bytes[start - 1] === COLON : before === 2 && bytes[start - 1] === SP;
  if (!isPlain || bytes[section.valueEndAt(index)] !== CR) throw new Http1Error('framing_whitespace');
}

function readLength(section: FieldSection, index: number): number {
  const { bytes } = section;
  const start = section.valueStartAt(index);
  const end = section.valueEndAt(index);
  const digits = end - start;
  if (digits === 0 || digits > CONTENT_LENGTH_DIGITS_MAX) throw new Http1Error('content_length');
  if (digits > 1 && bytes[start] === 0x30) throw new Http1Error('content_length');
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) throw new Http1Error('content_length');
    value = value * 10 + digit;
  }
  return value;
}
