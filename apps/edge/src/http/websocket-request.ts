import { type CompiledRule, PosternError } from '@postern/contracts/plain';
import { listOf } from '../upstream/fields.ts';
import type { Exchange } from './exchange.ts';

/**
 * Whether a request is a WebSocket handshake that the rule allows (RFC 6455 section 4.2.1); false for every other request.
 *
 * Throws `unsupported_upgrade` for other upgrades, `websockets_not_enabled` where the rule does not allow them, `bad_request` for a
 * handshake with a body or without its fields: what follows it must be frames and nothing else.
 */
export function isWebsocketRequest(exchange: Exchange, rule: CompiledRule): boolean {
  if (exchange.upgrade === null) return false;
  const { fields } = exchange;
  const protocols = listOf(fields, 'upgrade');
  if (protocols.length !== 1 || protocols[0] !== 'websocket') {
    throw new PosternError('unsupported_upgrade', { detail: 'Only the upgrade to websocket is supported.' });
  }
  if (!rule.enableWebsockets) {
    throw new PosternError('websockets_not_enabled', {
      detail: `WebSockets are not enabled for ${rule.prefix}.`,
    });
  }
  const lengths = fields.valuesOf('content-length');
  const wellFormed =
    exchange.protocol === 'HTTP/1.1' &&
    exchange.method === 'GET' &&
    listOf(fields, 'connection').includes('upgrade') &&
    /^[A-Za-z0-9+/]{22}==$/.test(fields.valuesOf('sec-websocket-key').join()) &&
    fields.valuesOf('sec-websocket-version').join() === '13' &&
    fields.valuesOf('transfer-encoding').length === 0 &&
    lengths.every((length) => length === '0');
  if (!wellFormed)
    throw new PosternError('bad_request', { detail: 'The WebSocket handshake is not well-formed.' });
  return true;
}
