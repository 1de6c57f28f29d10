import {
  type CertificateDocument,
  type HostDocument,
  SERVICE_DEFAULTS,
  type Upstream,
} from '@postern/contracts';
import { type Authority, issueServerCertificate, sealToEdge } from '@postern/pki';

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
  return { ...facts, sealedKey: sealToEdge(edgeKey, Buffer.from(keyPem), `edge-certificate:${id}`) };
}
