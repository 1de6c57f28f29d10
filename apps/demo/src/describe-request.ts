import { X509Certificate } from 'node:crypto';

/** What the demo answers: the request as a service behind Postern sees it. */
export interface DescribedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The client that Postern admitted (Client-Cert, RFC 9440); null on hosts that ask for no certificate. */
  readonly client: {
    readonly subject: string;
    readonly dnsNames: string;
    readonly fingerprint: string;
  } | null;
  readonly bodyBytes: number;
}

/** Describes a request from Node's flat header list and the number of body bytes. */
export function describeRequest(
  method: string,
  path: string,
  rawHeaders: readonly string[],
  bodyBytes: number,
): DescribedRequest {
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!name.startsWith(':')) headers.push([name, rawHeaders[index + 1] ?? '']);
  }
  const certificate = headers.find(([name]) => name.toLowerCase() === 'client-cert')?.[1];
  return {
    method,
    path,
    headers,
    client: certificate === undefined ? null : clientOf(certificate),
    bodyBytes,
  };
}

function clientOf(field: string): DescribedRequest['client'] {
  try {
    const certificate = new X509Certificate(Buffer.from(field.replace(/^:|:$/g, ''), 'base64'));
    return {
      subject: certificate.subject.replaceAll('\n', ', '),
      dnsNames: certificate.subjectAltName ?? '',
      fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    };
  } catch {
    // Reached without Postern in front, anybody may send anything here.
    return null;
  }
}
