import { createHash } from 'node:crypto';
import {
  type CertificateDocument,
  type HostDocument,
  SERVICE_DEFAULTS,
  TICKET_KEYS,
  type TicketKeys,
  type Upstream,
} from '@postern/contracts';
import { type Authority, issueServerCertificate, sealerToEdge } from '@postern/pki';

/** A plain open host with one rule `/`, unless a test says otherwise. */
export function hostDocumentOf(host: string, document: Partial<HostDocument> = {}): HostDocument {
  return {
    host,
    project: 'default',
    route: 'route',
    closed: null,
    certificate: `certificate-${host}`,
    clientCertificate: null,
    httpBasic: null,
    cors: null,
    rules: [{ name: null, prefix: '/', service: 'echo', enableWebsockets: false }],
    services: { echo: upstreamTo('http', 1) },
    ...document,
  };
}

/** An upstream of one target on 127.0.0.1 with the defaults of a service. */
export function upstreamTo(protocol: 'http' | 'https' | 'h2c', port: number): Upstream {
  return {
    targets: [{ protocol, host: '127.0.0.1', port }],
    trustBundle: null,
    clientCertificate: null,
    hostHeader: 'client',
    ...SERVICE_DEFAULTS,
    maxBodyBytes: null,
  };
}

/** Keys of session tickets as the feed brings them to one edge, newest first: one for each time of making (milliseconds since 1970). */
export function ticketKeysFor(edgeKey: string, madeAt: readonly number[]): TicketKeys {
  return {
    keys: madeAt.map((at) => ({
      id: `key-${at}`,
      sealedKey: sealerToEdge(edgeKey)(
        createHash('sha256').update(`${edgeKey} ${at}`).digest(),
        `edge-ticket-key:key-${at}`,
      ),
      createdAt: new Date(at).toISOString(),
      expiresAt: new Date(at + TICKET_KEYS.acceptForMs).toISOString(),
    })),
  };
}

interface IssueInput {
  readonly authority: Authority;
  /** Raw X25519 public key of the edge, base64url. */
  readonly edgeKey: string;
  /** Id of the feed document. */
  readonly id: string;
  readonly host: string;
}

/** A fresh server certificate as the feed brings it to one edge. */
export async function issueFor({ authority, edgeKey, id, host }: IssueInput): Promise<CertificateDocument> {
  const { keyPem, renewAt: _, ...facts } = await issueServerCertificate({ authority, host, now: Date.now() });
  return { ...facts, sealedKey: sealerToEdge(edgeKey)(Buffer.from(keyPem), `edge-certificate:${id}`) };
}
