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
const starts = new Uint16Array(KNOWN_NAMES.length + 1);
const letters = Buffer.from(KNOWN_NAMES.join(''), 'latin1');

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
    starts[id] = at;
    at += name.length;
    starts[id + 1] = at;
    if (id === 0) continue;
    const slot = slotOf(letters, starts[id] as number, at);
    nextInSlot[id] = slots[slot] as number;
    slots[slot] = id;
  }
}

/** The number of the name in these bytes, spelt in any case; they hold token characters only, at least one. */
export function findFieldId(bytes: Buffer, start: number, end: number): FieldId {
  const length = end - start;
  let id = slots[slotOf(bytes, start, end)] as number;
  for (; id !== 0; id = nextInSlot[id] as number) {
    const from = starts[id] as number;
    if ((starts[id + 1] as number) - from !== length) continue;
    let index = 0;
    // No two token characters differ in the case bit alone and are one of a known name, except letters.
    while (index < length && ((bytes[start + index] as number) | 0x20) === letters[from + index]) index += 1;
    if (index === length) return id;
  }
  return 0;
}
