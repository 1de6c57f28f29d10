/** Path of the one method of the protocol that is used here. */
export const GRPC_HEALTH_PATH = '/grpc.health.v1.Health/Check';

/** The words of HealthCheckResponse.ServingStatus, by their numbers. */
const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** A length-prefixed HealthCheckRequest: field 1, the name of a service of at most 200 ASCII characters. */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service, 'ascii');
  // A length above 127 takes two bytes as a varint.
  const length = name.length < 128 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7];
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...length]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The word for the status in a length-prefixed HealthCheckResponse; undefined when it is none. Unknown fields are skipped. */
export function decodeHealthResponse(body: Buffer): string | undefined {
  if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) return undefined;
  let status = 0;
  let at = 5;
  while (at < body.length) {
    const tag = readVarint(body, at);
    if (tag === undefined) return undefined;
    const value = readVarint(body, tag.end);
    if (value === undefined) return undefined;
    const wireType = tag.value & 7;
    if (wireType === 0) {
      if (tag.value >> 3 === 1) status = value.value;
      at = value.end;
    } else if (wireType === 2) at = value.end + value.value;
    else if (wireType === 5) at = tag.end + 4;
    else if (wireType === 1) at = tag.end + 8;
    else return undefined;
  }
  return at === body.length ? (SERVING_STATUS[status] ?? `status ${status}`) : undefined;
}

function readVarint(body: Buffer, start: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = body[start + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return undefined;
}
