import { randomBytes, sign } from 'node:crypto';

/** A revocation list to be made. Times are milliseconds since 1970. */
interface ListInput {
  /** DER of the CA's subject name. */
  readonly issuer: Buffer;
  /** PEM of its P-256 key. */
  readonly keyPem: string;
  readonly number: number;
  readonly now: number;
  /** Besides those of `serials` (content of an INTEGER each), at random. */
  readonly entries: number;
  readonly serials: readonly Buffer[];
}

/** Makes the DER of a revocation list of any size; openssl takes minutes for a million entries. */
export function makeLargeList({ issuer, keyPem, number, now, entries, serials }: ListInput): Buffer {
  const revokedAt = time(now - 86_400_000);
  const all = Array.from({ length: entries }, () => {
    const serial = randomBytes(16);
    // Positive, and in its shortest form.
    serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
    return tlv(0x30, tlv(0x02, serial), revokedAt);
  });
  const named = serials.map((serial) => tlv(0x30, tlv(0x02, serial), revokedAt));
  const algorithm = tlv(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const numbered = Buffer.alloc(4);
  numbered.writeUInt32BE(0x10000000 + number, 0);
  const crlNumber = tlv(0x30, Buffer.from('0603551d14', 'hex'), tlv(0x04, tlv(0x02, numbered)));
  const signed = tlv(
    0x30,
    tlv(0x02, Buffer.from([1])),
    algorithm,
    issuer,
    time(now - 3_600_000),
    time(now + 7 * 86_400_000),
    tlv(0x30, Buffer.concat([...all, ...named])),
    tlv(0xa0, tlv(0x30, crlNumber)),
  );
  return tlv(0x30, signed, algorithm, tlv(0x03, Buffer.from([0]), sign('sha256', signed, keyPem)));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-T:]|\.\d+/g, '');
  return tlv(0x17, Buffer.from(text.slice(2)));
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length, 0);
  const shortest = size.subarray(size.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.from([tag, 0x80 | shortest.length]), shortest, content]);
}
