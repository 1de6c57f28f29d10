import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { DevCertificate } from '@postern/pki';

/** Certificates that are like a template but for some letters of their names, each signed anew. */
export interface Reissuer {
  /** The template with every `from` replaced by what stands beside it, which must be as long; PEM. */
  reissue(replacements: readonly (readonly [from: string, to: string])[]): string;
}

/** Takes the template apart once: signing again costs 50 us, making a certificate by a library 20 times that. `signer` is a P-256 key in PEM. */
export function createReissuer(template: Pick<DevCertificate, 'certPem'>, signer: string): Reissuer {
  const der = Buffer.from(template.certPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const key = createPrivateKey(signer);
  const outer = contentOf(der, 0);
  const signed = contentOf(der, outer.start);
  const algorithm = contentOf(der, signed.end);
  const algorithmDer = der.subarray(signed.end, algorithm.end);
  return {
    reissue(replacements) {
      let text = der.toString('latin1', outer.start, signed.end);
      for (const [from, to] of replacements) {
        if (from.length !== to.length) throw new Error(`${to} is not as long as ${from}`);
        text = text.replaceAll(from, to);
      }
      return signedPem(Buffer.from(text, 'latin1'), algorithmDer, key);
    },
  };
}

function signedPem(tbs: Buffer, algorithm: Buffer, key: KeyObject): string {
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', tbs, key)]);
  const bits = Buffer.concat([header(0x03, signature.length), signature]);
  const content = Buffer.concat([tbs, algorithm, bits]);
  const der = Buffer.concat([header(0x30, content.length), content]);
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Where the content of the element at `at` begins and ends. Lengths of up to two bytes. */
function contentOf(der: Buffer, at: number): { start: number; end: number } {
  const first = der.readUInt8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes);
  const start = at + 2 + lengthBytes;
  return { start, end: start + length };
}

function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length);
  if (length < 0x100) return Buffer.of(tag, 0x81, length);
  return Buffer.of(tag, 0x82, length >> 8, length & 0xff);
}
