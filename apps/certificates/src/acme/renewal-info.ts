import { X509Certificate } from 'node:crypto';
import { readCertificateFields } from '@postern/pki';
import type { RenewalInfo } from '../issuer.ts';
import { AcmeProblem } from './acme-problem.ts';
import { readRetryAfter } from './retry-after.ts';
import type { AcmeTransport } from './transport.ts';

/** Milliseconds between looks: the CA's Retry-After within these bounds, six hours where it says none (RFC 9773 section 4.3). */
const LOOK_AGAIN_MS = { min: 60_000, default: 6 * 3_600_000, max: 24 * 3_600_000 };

/**
 * The name of a certificate in renewal information: base64url of the issuer's key identifier, a dot, base64url of the
 * serial number's bytes (RFC 9773 section 4.1). Null for a certificate without an authority key identifier.
 */
export function ariCertIdOf(chainPem: string): string | null {
  const fields = readCertificateFields(new X509Certificate(chainPem).raw);
  const keyId = fields.authorityKeyId?.keyId ?? null;
  if (keyId === null) return null;
  return `${base64urlOf(keyId)}.${base64urlOf(fields.serialNumber)}`;
}

/** Asks a CA about one of its certificates; fails as the transport does, or with AcmeProblem for an unreadable answer. */
export async function fetchRenewalInfo(
  transport: AcmeTransport,
  renewalInfoUrl: string,
  certId: string,
  now: number,
): Promise<RenewalInfo> {
  const { text, headers } = await transport.send({ method: 'GET', url: `${renewalInfoUrl}/${certId}` });
  const answer = parse(text);
  const start = Date.parse(answer?.suggestedWindow?.start ?? '');
  const end = Date.parse(answer?.suggestedWindow?.end ?? '');
  if (!(start < end)) {
    const detail = 'the renewal information of the CA has no usable window';
    throw new AcmeProblem({ type: '', detail, status: 200, retryAt: null });
  }
  const asked = (readRetryAfter(headers['retry-after'], now) ?? now + LOOK_AGAIN_MS.default) - now;
  return {
    start,
    end,
    lookAgainAt: now + Math.min(Math.max(asked, LOOK_AGAIN_MS.min), LOOK_AGAIN_MS.max),
  };
}

/**
 * When to replace a certificate: `planned` where that already lies in the window, else a time in it at random; at once
 * when the window is over (RFC 9773 section 4.2). `random` gives numbers in [0, 1).
 */
export function renewalTimeIn(
  { start, end }: Pick<RenewalInfo, 'start' | 'end'>,
  planned: number,
  now: number,
  random: () => number,
): number {
  if (end <= now) return now;
  if (planned >= start && planned <= end) return planned;
  return Math.max(now, Math.round(start + random() * (end - start)));
}

const base64urlOf = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url');

interface Answer {
  readonly suggestedWindow?: { readonly start?: string; readonly end?: string };
}

function parse(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer | null;
  } catch {
    return null;
  }
}
