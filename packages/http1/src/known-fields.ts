import { WINDOW, WINDOW_WORDS } from './head-window.ts';

/** Names that get a number while they are read: what the codec acts on first, then what proxies read, and what is common on the wire. */
const NAMES = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'http2-settings',
  'cookie',
  'authorization',
  'origin',
  'content-type',
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'access-control-max-age',
  'access-control-request-headers',
  'access-control-request-method',
  'age',
  'alt-svc',
  'baggage',
  'cache-control',
  'client-cert',
  'client-cert-chain',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'date',
  'dnt',
  'etag',
  'expires',
  'forwarded',
  'from',
  'grpc-encoding',
  'grpc-status',
  'grpc-timeout',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'permissions-policy',
  'pragma',
  'priority',
  'range',
  'referer',
  'referrer-policy',
  'retry-after',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'server',
  'set-cookie',
  'strict-transport-security',
  'traceparent',
  'tracestate',
  'upgrade-insecure-requests',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
  'x-content-type-options',
  'x-csrf-token',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-frame-options',
  'x-powered-by',
  'x-real-ip',
  'x-request-id',
  'x-requested-with',
] as const;

export type KnownName = (typeof NAMES)[number];

/** The number of a known name; 0 is every other name. */
export type FieldId = number;

/** All known names in the order of their numbers; number 0 has the empty name. */
export const KNOWN_NAMES: readonly string[] = ['', ...NAMES];

const idByName = new Map<string, FieldId>(KNOWN_NAMES.map((name, id) => [name, id]));

/** The number of a known name; misspelt names do not compile. */
export function fieldId(name: KnownName): FieldId {
  return idByName.get(name) ?? 0;
}

/** The number of any name, in lower case. */
export function fieldIdOf(name: string): FieldId {
  return idByName.get(name) ?? 0;
}

const SLOTS = 1024;
const slots = new Uint8Array(SLOTS);
const nextInSlot = new Uint8Array(KNOWN_NAMES.length);
const starts = new Uint16Array(KNOWN_NAMES.length);
const lengths = new Uint8Array(KNOWN_NAMES.length);
/** Behind each name stands what is between it and its value: the shortest has the length of a word, too. */
const BEHIND_NAME = ': ';
const letters = Buffer.alloc(KNOWN_NAMES.join(BEHIND_NAME).length + BEHIND_NAME.length);
letters.write(KNOWN_NAMES.join(BEHIND_NAME) + BEHIND_NAME, 'latin1');
const letterWords = new DataView(letters.buffer, letters.byteOffset, letters.length);
/** The bit 0x20 of each of four bytes. */
const CASE_BITS = 0x20202020;
// Constants of this module: V8 looks an imported one up, and checks it, at each use.
const shown = WINDOW;
const shownWords = WINDOW_WORDS;

/** Length, first, middle and last byte tell nearly all names apart. The bit 0x20 is the case of a letter. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  const first = (bytes[start] as number) | 0x20;
  const middle = (bytes[start + (length >> 1)] as number) | 0x20;
  const last = (bytes[end - 1] as number) | 0x20;
  return (
    (Math.imul(length, 37) + Math.imul(first, 61) + Math.imul(middle, 7) + Math.imul(last, 131)) & (SLOTS - 1)
  );
}

{
  let at = 0;
  for (const [id, name] of KNOWN_NAMES.entries()) {
    const start = at;
    starts[id] = start;
    lengths[id] = name.length;
    at += name.length + BEHIND_NAME.length;
    if (id === 0) continue;
    const slot = slotOf(letters, start, start + name.length);
    nextInSlot[id] = slots[slot] as number;
    slots[slot] = id;
  }
}

/** The number of the name in these bytes, spelt in any case; they hold token characters only, at least one. */
export function findFieldId(bytes: Buffer, start: number, end: number): FieldId {
  const length = end - start;
  let id = slots[slotOf(bytes, start, end)] as number;
  for (; id !== 0; id = nextInSlot[id] as number) {
    if (lengths[id] !== length) continue;
    const from = starts[id] as number;
    let index = 0;
    // No two token characters differ in the case bit alone and are one of a known name, except letters.
    while (index < length && ((bytes[start + index] as number) | 0x20) === letters[from + index]) index += 1;
    if (index === length) return id;
  }
  return 0;
}

/** The same for a name that stands in the window before a colon and a space. */
export function findShownId(start: number, end: number): FieldId {
  const length = end - start;
  let id = slots[slotOf(shown, start, end)] as number;
  while (id !== 0 && (lengths[id] !== length || !isShown(id, start))) id = nextInSlot[id] as number;
  return id;
}

/** Whether a name with what stands behind it is shown at `start`, compared by words of which the last one may overlap. */
function isShown(id: FieldId, start: number): boolean {
  const from = starts[id] as number;
  const last = (lengths[id] as number) + BEHIND_NAME.length - 4;
  // What V8 finds in a loop it may not yet know to be constant.
  const words = shownWords;
  const known = letterWords;
  for (let at = 0; at < last; at += 4) {
    if ((words.getInt32(start + at, true) | CASE_BITS) !== known.getInt32(from + at, true)) return false;
  }
  return (words.getInt32(start + last, true) | CASE_BITS) === known.getInt32(from + last, true);
}
