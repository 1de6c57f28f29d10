/** What a ClientHello says, as far as the choice of a host needs it. Nothing of it is authenticated yet. */
export interface ClientHello {
  /** The one host_name of server_name as sent (visible ASCII); null where the client names none. */
  readonly serverName: string | null;
  /** Protocols of the ALPN extension in the client's order; null without the extension. */
  readonly alpn: readonly string[] | null;
  /** Versions of supported_versions, else the legacy one; like 0x0304 for TLS 1.3. */
  readonly versions: readonly number[];
  /** Sessions the client offers to resume: tickets of TLS 1.3, then that of TLS 1.2; none is authenticated. */
  readonly tickets: readonly Buffer[];
}

export type HelloState =
  | { readonly state: 'more' }
  | { readonly state: 'hello'; readonly hello: ClientHello }
  | { readonly state: 'invalid'; readonly reason: string };

const MORE: HelloState = { state: 'more' };
const RECORD_HEADER_BYTES = 5;
const RECORD_BYTES_MAX = 16_384;
const HANDSHAKE_HEADER_BYTES = 4;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const EXTENSION_SESSION_TICKET = 35;
const EXTENSION_PRE_SHARED_KEY = 41;
const EXTENSION_SUPPORTED_VERSIONS = 43;

/**
 * Gathers a ClientHello that may come in any number of TCP segments and TLS records (RFC 8446 sections 4.1.2 and 5.1).
 *
 * Strict: what is not exactly one well-formed hello is `invalid`, and nothing is guessed. The work grows with the bytes
 * pushed, not with the number of pushes. `bytesMax` bounds everything pushed, record headers included.
 */
export class ClientHelloReader {
  readonly #bytesMax: number;
  readonly #fragments: Buffer[] = [];
  readonly #header = Buffer.alloc(RECORD_HEADER_BYTES);
  #headerBytes = 0;
  #recordLeft = 0;
  #seen = 0;
  #gathered = 0;
  /** Length of the handshake message with its header; undefined until the header is there. */
  #wanted: number | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  push(chunk: Buffer): HelloState {
    this.#seen += chunk.length;
    if (this.#seen > this.#bytesMax) return invalid('the ClientHello is too large');
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#recordLeft === 0) {
        const taken = chunk.copy(
          this.#header,
          this.#headerBytes,
          offset,
          offset + RECORD_HEADER_BYTES - this.#headerBytes,
        );
        this.#headerBytes += taken;
        offset += taken;
        const problem = this.#checkHeader();
        if (problem !== undefined) return invalid(problem);
        continue;
      }
      const fragment = chunk.subarray(offset, offset + this.#recordLeft);
      this.#fragments.push(fragment);
      this.#gathered += fragment.length;
      this.#recordLeft -= fragment.length;
      offset += fragment.length;
      const state = this.#tryParse();
      if (state.state !== 'more') return state;
    }
    return MORE;
  }

  /** Judges the record header as soon as each byte is there, so that plain HTTP is turned away at its first byte. */
  #checkHeader(): string | undefined {
    const header = this.#header;
    if (this.#headerBytes >= 1 && header[0] !== 22) return 'this is not a TLS handshake record';
    if (this.#headerBytes >= 2 && header[1] !== 3) return 'this is not a TLS record version';
    if (this.#headerBytes < RECORD_HEADER_BYTES) return undefined;
    const length = header.readUInt16BE(3);
    if (length === 0 || length > RECORD_BYTES_MAX) return 'the length of a TLS record is out of bounds';
    this.#recordLeft = length;
    this.#headerBytes = 0;
    return undefined;
  }

  #tryParse(): HelloState {
    if (this.#wanted === undefined) {
      if (this.#gathered < HANDSHAKE_HEADER_BYTES) return MORE;
      const head = this.#joined();
      if (head[0] !== 1) return invalid('the first handshake message is not a ClientHello');
      this.#wanted = HANDSHAKE_HEADER_BYTES + head.readUIntBE(1, 3);
      if (this.#wanted > this.#bytesMax) return invalid('the ClientHello is too large');
    }
    if (this.#gathered < this.#wanted) return MORE;
    const hello = parseHelloBody(this.#joined().subarray(HANDSHAKE_HEADER_BYTES, this.#wanted));
    return typeof hello === 'string' ? invalid(hello) : { state: 'hello', hello };
  }

  #joined(): Buffer {
    const [first] = this.#fragments;
    if (first !== undefined && this.#fragments.length === 1) return first;
    const joined = Buffer.concat(this.#fragments);
    this.#fragments.splice(0, this.#fragments.length, joined);
    return joined;
  }
}

function invalid(reason: string): HelloState {
  return { state: 'invalid', reason };
}

/**
 * A reader over a vector; every read past the end turns it bad, and a bad reader never becomes good again. It neither copies nor makes
 * views: in a hello that offers a session those took a tenth of what the resumption costs.
 */
class Bytes {
  readonly #buffer: Buffer;
  #offset: number;
  readonly #end: number;
  bad = false;

  constructor(buffer: Buffer, offset = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#offset = offset;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#offset;
  }

  number(bytes: 1 | 2): number {
    const at = this.skip(bytes);
    if (this.bad) return 0;
    // Node's own readers make a number object of each.
    const first = this.#buffer[at] ?? 0;
    return bytes === 1 ? first : (first << 8) | (this.#buffer[at + 1] ?? 0);
  }

  /** Gives where the bytes passed over begin; nothing is left where there are not that many. */
  skip(bytes: number): number {
    if (this.bad || bytes > this.left) {
      this.bad = true;
      this.#offset = this.#end;
      return this.#end;
    }
    this.#offset += bytes;
    return this.#offset - bytes;
  }

  /** All that is left, as a view. */
  rest(): Buffer {
    return this.#buffer.subarray(this.skip(this.left), this.#end);
  }

  /** All that is left, a character for each byte. */
  text(): string {
    return this.#buffer.toString('latin1', this.skip(this.left), this.#end);
  }

  /** A vector with a length before it. */
  vector(lengthBytes: 1 | 2): Bytes {
    const start = this.skip(this.number(lengthBytes));
    const inner = new Bytes(this.#buffer, start, this.#offset);
    inner.bad = this.bad;
    return inner;
  }
}

function parseHelloBody(body: Buffer): ClientHello | string {
  const bytes = new Bytes(body);
  const legacyVersion = bytes.number(2);
  bytes.skip(32);
  const sessionId = bytes.vector(1);
  const suites = bytes.vector(2);
  const compressions = bytes.vector(1);
  if (bytes.bad || sessionId.left > 32 || suites.left < 2 || suites.left % 2 !== 0 || compressions.left < 1) {
    return 'the ClientHello is malformed';
  }
  // A hello of TLS 1.2 may end here; one without extensions names no host and is refused by the caller.
  const extensions = bytes.left === 0 ? new Bytes(Buffer.alloc(0)) : bytes.vector(2);
  if (bytes.bad || bytes.left !== 0) return 'the ClientHello is malformed';
  const seen = new Set<number>();
  let serverName: string | null = null;
  let alpn: string[] | null = null;
  let versions: number[] = [legacyVersion];
  const tickets: Buffer[] = [];
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (extensions.bad) return 'an extension of the ClientHello is malformed';
    if (seen.has(type)) return 'the ClientHello has an extension twice';
    seen.add(type);
    if (type === EXTENSION_SERVER_NAME) {
      const name = parseServerName(data);
      if (name === undefined) return 'the server name of the ClientHello is malformed';
      serverName = name;
    } else if (type === EXTENSION_ALPN) {
      const protocols = parseAlpn(data);
      if (protocols === undefined) return 'the ALPN extension of the ClientHello is malformed';
      alpn = protocols;
    } else if (type === EXTENSION_SUPPORTED_VERSIONS) {
      const list = parseVersions(data);
      if (list === undefined) return 'the supported versions of the ClientHello are malformed';
      versions = list;
    } else if (type === EXTENSION_PRE_SHARED_KEY) {
      const identities = parseIdentities(data);
      if (identities === undefined) return 'the pre-shared keys of the ClientHello are malformed';
      tickets.unshift(...identities);
    } else if (type === EXTENSION_SESSION_TICKET && data.left > 0) {
      tickets.push(data.rest());
    }
  }
  return { serverName, alpn, versions, tickets };
}

/** RFC 6066 section 3: exactly one name of type host_name. */
function parseServerName(data: Bytes): string | undefined {
  const list = data.vector(2);
  const type = list.number(1);
  const name = list.vector(2);
  if (data.bad || list.bad || data.left !== 0 || list.left !== 0 || type !== 0) return undefined;
  const text = name.text();
  return /^[\x21-\x7e]{1,255}$/.test(text) ? text : undefined;
}

/** RFC 7301 section 3.1. */
function parseAlpn(data: Bytes): string[] | undefined {
  const list = data.vector(2);
  if (data.bad || data.left !== 0 || list.left === 0) return undefined;
  const protocols: string[] = [];
  while (list.left > 0) {
    const protocol = list.vector(1);
    if (list.bad || protocol.left === 0) return undefined;
    protocols.push(protocol.text());
  }
  return protocols;
}

/** RFC 8446 section 4.2.11, without the binders: OpenSSL checks those. */
function parseIdentities(data: Bytes): Buffer[] | undefined {
  const list = data.vector(2);
  const binders = data.vector(2);
  if (data.bad || data.left !== 0 || list.left === 0 || binders.left === 0) return undefined;
  const identities: Buffer[] = [];
  while (list.left > 0) {
    const identity = list.vector(2);
    // The age of the ticket, which OpenSSL looks at.
    list.skip(4);
    if (list.bad || identity.left === 0) return undefined;
    identities.push(identity.rest());
  }
  return identities;
}

/** RFC 8446 section 4.2.1. */
function parseVersions(data: Bytes): number[] | undefined {
  const list = data.vector(1);
  if (data.bad || data.left !== 0 || list.left < 2 || list.left % 2 !== 0) return undefined;
  const versions: number[] = [];
  while (list.left > 0) versions.push(list.number(2));
  return versions;
}
