import { isIP, type Socket } from 'node:net';
import { EDGE_LIMITS } from '../limits.ts';
import { plainAddress } from '../plain-address.ts';
import { readStart } from './peek.ts';

/** Where the client really is, told by a trusted load balancer. */
export interface ProxiedAddress {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeaderState =
  | { readonly state: 'more' }
  | { readonly state: 'header'; readonly address: ProxiedAddress | null; readonly rest: Buffer }
  | { readonly state: 'invalid'; readonly reason: string };

const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const V2_FIXED_BYTES = 16;
const V1_START = Buffer.from('PROXY ');
const INVALID: ProxyHeaderState = { state: 'invalid', reason: 'the PROXY header is malformed' };

/**
 * Gathers one PROXY protocol header, version 1 or 2 (haproxy.org, proxy-protocol.txt). `address` is null where the header
 * names none (v1 UNKNOWN, v2 LOCAL or another family). Bounds: EDGE_LIMITS.proxyV1BytesMax and proxyV2BytesMax.
 */
export class ProxyHeaderReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): ProxyHeaderState {
    // Headers are short: beyond the bound of version 2 nothing is ever gathered.
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (startsAlike(this.#bytes, V2_SIGNATURE)) return this.#readV2();
    if (startsAlike(this.#bytes, V1_START)) return this.#readV1();
    return INVALID;
  }

  #readV1(): ProxyHeaderState {
    const end = this.#bytes.subarray(0, EDGE_LIMITS.proxyV1BytesMax).indexOf('\r\n');
    if (end < 0) return this.#bytes.length >= EDGE_LIMITS.proxyV1BytesMax ? INVALID : { state: 'more' };
    const rest = this.#bytes.subarray(end + 2);
    const line = this.#bytes.toString('latin1', 0, end);
    if (/^PROXY UNKNOWN( |$)/.test(line)) return { state: 'header', address: null, rest };
    const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line);
    const [, family, source = '', destination = '', port = ''] = match ?? [];
    if (match === null || isIP(source) !== Number(family) || isIP(destination) !== Number(family))
      return INVALID;
    return addressed(source, Number(port), rest);
  }

  #readV2(): ProxyHeaderState {
    const bytes = this.#bytes;
    if (bytes.length < V2_FIXED_BYTES) return { state: 'more' };
    const length = bytes.readUInt16BE(14);
    if (length > EDGE_LIMITS.proxyV2BytesMax) return INVALID;
    if (bytes.length < V2_FIXED_BYTES + length) return { state: 'more' };
    const rest = bytes.subarray(V2_FIXED_BYTES + length);
    const body = bytes.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + length);
    const [command, family] = [bytes[12], bytes[13]];
    if (command === 0x20) return { state: 'header', address: null, rest };
    if (command !== 0x21) return INVALID;
    if (family === 0x11) {
      if (body.length < 12) return INVALID;
      return addressed([...body.subarray(0, 4)].join('.'), body.readUInt16BE(8), rest);
    }
    if (family === 0x21) {
      if (body.length < 36) return INVALID;
      const groups = Array.from({ length: 8 }, (_, index) => body.readUInt16BE(index * 2).toString(16));
      return addressed(groups.join(':'), body.readUInt16BE(32), rest);
    }
    return family === 0x00 ? { state: 'header', address: null, rest } : INVALID;
  }
}

function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const shared = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, shared, 0, shared) === 0;
}

function addressed(address: string, port: number, rest: Buffer): ProxyHeaderState {
  if (port > 65_535) return INVALID;
  return { state: 'header', address: { address: plainAddress(address), port }, rest };
}

export type ProxiedPeer =
  | { readonly outcome: 'header'; readonly address: ProxiedAddress | null }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'gone' };

/** Takes the PROXY header off the start of a connection; every byte after it stays in the socket. Never rejects. */
export function takeProxyHeader(socket: Socket, timeoutMs: number): Promise<ProxiedPeer> {
  const reader = new ProxyHeaderReader();
  return readStart<ProxiedPeer>(socket, {
    timeoutMs,
    onTimeout: () => ({ outcome: 'refused', reason: 'the PROXY header did not arrive in time' }),
    onGone: () => ({ outcome: 'gone' }),
    onChunk(chunk) {
      const state = reader.push(chunk);
      if (state.state === 'more') return undefined;
      if (state.state === 'invalid') return { result: { outcome: 'refused', reason: state.reason } };
      return { result: { outcome: 'header', address: state.address }, unread: state.rest };
    },
  });
}
