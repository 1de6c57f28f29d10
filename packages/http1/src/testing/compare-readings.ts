import type { Reading, SeenMessage } from './read-messages.ts';

/** What llhttp made of a message that this codec refuses, and its bytes as far as they came. */
interface Accepted {
  readonly message: SeenMessage;
  /** Latin-1, from where the message begins (with empty lines before it). */
  readonly raw: string;
}

const valuesOf = ({ fields }: SeenMessage, name: string): string[] =>
  fields.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);

/** RFC 9112 section 7.1.1, without whitespace. */
const EXTENSIONS = /^(;[\w!#$%&'*+.^`|~-]+(=([\w!#$%&'*+.^`|~-]+|"([^"\\]|\\.)*"))?)*$/;

/**
 * Where this codec is stricter than llhttp, each with what must then be true of the message. A refusal that is none of these is a
 * disagreement.
 */
export const STRICTNESSES: Readonly<Record<string, (accepted: Accepted) => boolean>> = {
  /** Several or bare line ends before a request, several spaces in its line, HTTP/0.9. */
  request_line: ({ raw, message }) =>
    /^(\r\n){2,}|^(\r\n)?(\r(?!\n)|\n)/.test(raw) ||
    /^(\r\n)?[A-Z-]+ +\S* {2,}|^(\r\n)?[A-Z-]+ {2,}/.test(raw) ||
    message.version === '0.9',
  /** A bare CR before a request. */
  line_end: ({ raw }) => /^(\r\n)*\r[^\n]/.test(raw),
  /** The preface of HTTP/2 with the version left out. */
  unknown_method: ({ raw, message }) => /^[\r\n]*PRI /.test(raw) && message.version === '0.9',
  connect: ({ message }) => message.method === 'CONNECT',
  /** Bytes that no URI has, forms that RFC 9112 does not know, odd authorities. */
  target: ({ message }) =>
    /[^\x21-\x7e]/.test(message.target) ||
    !/^(\/.*|https?:\/\/[\w.~%:[\]-]+([/?].*)?)$/is.test(message.target),
  target_too_long: ({ message }) => message.target.length > 16 * 1024,
  version: ({ message }) => !/^1\.[01]$/.test(message.version),
  too_many_fields: ({ message }) => message.fields.length > 100,
  head_too_large: ({ raw }) => raw.length > 32 * 1024,
  host_missing: ({ message }) => valuesOf(message, 'host').length === 0,
  host_repeated: ({ message }) => valuesOf(message, 'host').length > 1,
  host: ({ message }) => valuesOf(message, 'host').some((host) => !/^[\w.~%:[\]-]+$/.test(host)),
  content_length: ({ message }) =>
    valuesOf(message, 'content-length').some((value) => !/^(0|[1-9]\d{0,14})$/.test(value)),
  transfer_coding: ({ message }) => valuesOf(message, 'transfer-encoding').join().toLowerCase() !== 'chunked',
  transfer_coding_on_http10: ({ message }) =>
    message.version === '1.0' && valuesOf(message, 'transfer-encoding').length > 0,
  /** A tab or several spaces before the value, or whitespace behind it. */
  framing_whitespace: ({ raw }) =>
    /^(content-length|transfer-encoding):([ ]{2,}|[ ]*\t|[^\r\n]*[ \t]\r|[ \t]*\r)/im.test(raw),
  /** Nothing followed. */
  closing_interim: ({ message }) =>
    message.status < 200 &&
    (message.version === '1.0' || /\bclose\b/i.test(valuesOf(message, 'connection').join())),
  framing_on_empty: ({ message }) =>
    (message.status < 200 || message.status === 204) && valuesOf(message, 'transfer-encoding').length > 0,
  /** llhttp passes over a Content-Length where the status says that nothing follows. */
  content_length_repeated: ({ message }) => valuesOf(message, 'content-length').length > 1,
  too_many_connection_options: ({ message }) => valuesOf(message, 'connection').join().split(',').length > 16,
  expectation: ({ message }) =>
    valuesOf(message, 'expect').some((expected) => expected.toLowerCase() !== '100-continue'),
  /** More than eight digits. */
  chunk_size: ({ raw }) => /\r\n[0-9a-f]{9,}/i.test(raw),
  framing_in_trailers: ({ message }) =>
    message.trailers.some(([name]) =>
      /^(content-length|transfer-encoding|(proxy-)?connection|upgrade)$/i.test(name),
    ),
  /** An extension that the grammar does not have: without a name, or with `=` and no value. */
  chunk_extension: ({ raw }) =>
    [...raw.matchAll(/\n[0-9a-f]+(;[^\r\n]*)/gi)].some(([, extensions = '']) => !EXTENSIONS.test(extensions)),
  chunk_line_too_long: ({ raw }) => /;[^\r]{250,}/.test(raw),
  /** Line ends before an answer, a control character in the reason, versions and statuses that HTTP/1.1 does not have. */
  status_line: ({ raw, message }) =>
    /^[\r\n]/.test(raw) ||
    /^.{12}[^\r\n]*[^\t\x20-\x7e\x80-\xff\r\n]/.test(raw) ||
    !/^1\.[01]$/.test(message.version) ||
    message.status < 100 ||
    message.status > 599,
};

/** What was seen of one input: null where both sides agree, the strictness where that is why they differ, or what is wrong. */
export type Comparison =
  | { readonly verdict: 'agree' }
  | { readonly verdict: 'stricter'; readonly fault: string }
  | { readonly verdict: 'disagree'; readonly why: string };

/** Compares what this codec made of some bytes with what llhttp did. */
export function compareReadings(ours: Reading, theirs: Reading, bytes: Buffer): Comparison {
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index];
    if (other === undefined) return disagree(`we accept head ${index}, llhttp does not (${theirs.fault})`);
    for (const key of ['method', 'target', 'status', 'version'] as const) {
      if (message[key] !== other[key])
        return disagree(`${key} of ${index}: ${message[key]} and ${other[key]}`);
    }
    const fields = [message.fields, other.fields].map((list) => JSON.stringify(list));
    if (fields[0] !== fields[1]) return disagree(`fields of ${index}: ${fields.join(' and ')}`);
    const isLast = index === ours.messages.length - 1;
    if (!message.whole) {
      if (!isLast) return disagree(`message ${index} is not whole, and another follows`);
      break;
    }
    if (!other.whole) return disagree(`we accept message ${index}, llhttp does not (${theirs.fault})`);
    if (message.body !== other.body)
      return disagree(`body of ${index}: ${JSON.stringify([message.body, other.body])}`);
    const trailers = [message.trailers, other.trailers].map((list) => JSON.stringify(list));
    if (trailers[0] !== trailers[1]) return disagree(`trailers of ${index}: ${trailers.join(' and ')}`);
  }
  const wholes = ours.messages.filter((message) => message.whole).length;
  const accepted = theirs.messages[wholes];
  if (ours.isOver) return { verdict: 'agree' };
  if (ours.fault === null) {
    return accepted?.whole === true
      ? disagree(`llhttp accepts message ${wholes}, we wait for more`)
      : { verdict: 'agree' };
  }
  if (accepted?.whole !== true) return { verdict: 'agree' };
  const raw = bytes.toString('latin1', ours.lastStart);
  const isNamed = STRICTNESSES[ours.fault]?.({ message: accepted, raw }) ?? false;
  return isNamed
    ? { verdict: 'stricter', fault: ours.fault }
    : disagree(`we refuse message ${wholes} (${ours.fault}), llhttp accepts it: ${JSON.stringify(accepted)}`);
}

function disagree(why: string): Comparison {
  return { verdict: 'disagree', why };
}
