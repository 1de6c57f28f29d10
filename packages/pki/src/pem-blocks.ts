import { type Finding, LIMITS } from '@postern/contracts/plain';
import { findingOfForeignForm, type PemUse } from './binary-input.ts';
import { errorAt, type Place } from './place.ts';

/** One block of a PEM file (RFC 7468): its label, its decoded bytes, and where its BEGIN line stands. */
export interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
  /** RFC 1421 header fields, as `Proc-Type: 4,ENCRYPTED`. */
  readonly headers: readonly string[];
  readonly place: Required<Place>;
}

interface Line {
  readonly text: string;
  readonly number: number;
}

const MARKER = /^-----(BEGIN|END) ([A-Z0-9][A-Z0-9 ]*)-----[ \t]*$/;
const MARKER_LIKE = /-----\s*(BEGIN|END)\b/;

/**
 * Reads every block of a PEM file, or says what is wrong with which line.
 *
 * Text between blocks, CRLF and a byte order mark are accepted; a block without its END, a marker that is not alone
 * on its line, and anything but base64 inside a block are refused. At most `bytesMax` bytes are read, LIMITS.secretBytesMax where nothing is said.
 */
export function readPemBlocks(
  text: string,
  { pointer, use, bytesMax = LIMITS.secretBytesMax }: { pointer: string; use: PemUse; bytesMax?: number },
): { blocks: PemBlock[]; findings: Finding[] } {
  const whole: Place = { pointer };
  if (Buffer.byteLength(text) > bytesMax) {
    return {
      blocks: [],
      findings: [errorAt(whole, 'pem_too_large', `at most ${bytesMax} bytes are read`)],
    };
  }
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  if (body.trim() === '') {
    return { blocks: [], findings: [errorAt(whole, 'pem_empty', 'the file is empty', 'send PEM text')] };
  }
  const lines = body.split(/\r\n|\n|\r/).map((line, index) => ({ text: line, number: index + 1 }));
  const result = scan(lines, pointer);
  if (result.blocks.length === 0 && result.findings.length === 0) {
    const foreign = findingOfForeignForm(body, use, whole);
    result.findings.push(
      foreign ?? errorAt(whole, 'pem_no_block', 'no -----BEGIN line was found: this is not PEM'),
    );
  }
  return result;
}

function scan(lines: readonly Line[], pointer: string): { blocks: PemBlock[]; findings: Finding[] } {
  const blocks: PemBlock[] = [];
  const findings: Finding[] = [];
  let open: { label: string; place: Required<Place>; lines: Line[] } | undefined;
  for (const line of lines) {
    const marker = MARKER.exec(line.text);
    if (marker === null) {
      const like = MARKER_LIKE.exec(line.text);
      if (like !== null) {
        const place = { pointer, line: line.number, column: like.index + 1 };
        const message = `"${like[0]}" must begin a line, end with "-----" and stand alone on it`;
        findings.push(errorAt(place, 'pem_marker', message));
        // What follows cannot be told apart from this block any more.
        return { blocks, findings };
      }
      open?.lines.push(line);
      continue;
    }
    const place = { pointer, line: line.number, column: 1 };
    const label = marker[2] ?? '';
    if (marker[1] === 'BEGIN') {
      if (open !== undefined) findings.push(truncated(open));
      open = { label, place, lines: [] };
    } else if (open === undefined) {
      findings.push(errorAt(place, 'pem_end_without_begin', `END ${label} without its BEGIN line`));
    } else if (open.label !== label) {
      const message = `the block begun on line ${open.place.line} as ${open.label} ends as ${label}`;
      findings.push(errorAt(place, 'pem_end_differs', message));
      open = undefined;
    } else {
      const block = decodeBlock(open, findings);
      if (block !== undefined) blocks.push(block);
      open = undefined;
    }
  }
  if (open !== undefined) findings.push(truncated(open));
  return { blocks, findings };
}

function truncated(open: { label: string; place: Required<Place> }): Finding {
  const message = `the ${open.label} block begun here has no END line: the file is cut off`;
  return errorAt(open.place, 'pem_truncated', message, 'copy the whole file again');
}

function decodeBlock(
  open: { label: string; place: Required<Place>; lines: Line[] },
  findings: Finding[],
): PemBlock | undefined {
  const { headers, body } = splitHeaders(open.lines);
  let base64 = '';
  let padded = false;
  for (const line of body) {
    const content = line.text.trim();
    const wrong = padded ? /\S/.exec(content) : /[^A-Za-z0-9+/=]|=(?!={0,1}$)/.exec(content);
    if (wrong !== null) {
      const column = line.text.indexOf(content) + wrong.index + 1;
      const message = `this is not base64: ${JSON.stringify(wrong[0])} cannot stand here`;
      findings.push(errorAt({ ...open.place, line: line.number, column }, 'pem_base64', message));
      return undefined;
    }
    padded ||= content.endsWith('=');
    base64 += content;
  }
  if (base64.length === 0) {
    findings.push(errorAt(open.place, 'pem_block_empty', `the ${open.label} block is empty`));
    return undefined;
  }
  const der = Buffer.from(base64, 'base64');
  // Canonical base64 comes back as it was; anything else lost characters or carries stray bits.
  if (der.toString('base64') !== base64) {
    const message = `the base64 of this ${open.label} block is incomplete: characters are missing`;
    findings.push(errorAt(open.place, 'pem_base64', message, 'copy the whole file again'));
    return undefined;
  }
  return { label: open.label, der, headers, place: open.place };
}

/** Parts RFC 1421 header fields from the base64; they end with an empty line. */
function splitHeaders(lines: readonly Line[]): { headers: string[]; body: readonly Line[] } {
  if (!/^[A-Za-z][A-Za-z-]*:/.test(lines[0]?.text ?? '')) return { headers: [], body: lines };
  const end = lines.findIndex((line) => line.text.trim() === '');
  const stop = end === -1 ? lines.length : end;
  return { headers: lines.slice(0, stop).map((line) => line.text.trim()), body: lines.slice(stop) };
}

/** Writes bytes as one PEM block with lines of 64 characters (RFC 7468 section 2). */
export function writePem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
