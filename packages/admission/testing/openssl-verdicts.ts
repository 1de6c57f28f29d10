import { once } from 'node:events';
import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import type { OpensslFolder } from '@postern/pki/testing';
import { forgeCertificate, newKey, pemOf } from './forge-certificate.ts';
import type { GeneratedChain } from './generated-chain.ts';

const SERVER_KEY = newKey();
const SERVER = {
  cert: pemOf(
    forgeCertificate({ subject: 'server', issuer: 'server', key: SERVER_KEY, issuerKey: SERVER_KEY }),
  ),
  key: SERVER_KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};

/** OpenSSL's answer in a handshake in memory, in a context like the edge's: `good`, or Node's name for the error. */
export function verdictInHandshake(chain: GeneratedChain): Promise<string> {
  return inHandshake(chain, verifyErrorOf);
}

/** What `read` makes of the server's side of a handshake in memory, when it is over, or the code of its failure. */
export async function inHandshake<T>(
  { leaf, leafKey, sent, anchors }: GeneratedChain,
  read: (server: TLSSocket) => T,
): Promise<T | string> {
  const [near, far] = duplexPair();
  let client: TLSSocket;
  try {
    client = connect({
      socket: far,
      rejectUnauthorized: false,
      cert: pemOf(leaf, ...sent),
      key: leafKey.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      // Of its own, so that the client does not complete its chain.
      ca: SERVER.cert,
      maxVersion: 'TLSv1.2',
    });
  } catch {
    // A leaf so weak that OpenSSL does not even show it.
    return 'CLIENT_REFUSES';
  }
  client.on('error', () => {});
  const server = new TLSSocket(near as unknown as Socket, {
    isServer: true,
    secureContext: createSecureContext({
      ...SERVER,
      ca: anchors.map((anchor) => pemOf(anchor)),
      allowPartialTrustChain: true,
    }),
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('error', () => {});
  try {
    return await Promise.race([
      once(server, 'secure').then(() => read(server)),
      once(server, '_tlsError').then(([error]) => (error as { code?: string }).code ?? 'TLS_ERROR'),
    ]);
  } finally {
    client.destroy();
    server.destroy();
  }
}

/** `good`, or Node's name for what OpenSSL says of the client. */
export function verifyErrorOf(socket: TLSSocket): string {
  const handle = (socket as unknown as { _handle: { verifyError(): { code: string } | null | undefined } })
    ._handle;
  return handle.verifyError()?.code ?? 'good';
}

/** The answers of the openssl program to many chains, `good` or its error number, with one shell for all. */
export function verdictsOfProgram(folder: OpensslFolder, chains: readonly GeneratedChain[]): string[] {
  for (const [index, { leaf, sent, anchors }] of chains.entries()) {
    folder.write(`${index}.leaf`, pemOf(leaf));
    folder.write(`${index}.sent`, pemOf(...sent));
    folder.write(`${index}.anchors`, pemOf(...anchors));
  }
  folder.run(`for ((i = 0; i < ${chains.length}; i++)); do
    untrusted=(); [ -s $i.sent ] && untrusted=(-untrusted $i.sent)
    openssl verify -purpose sslclient -auth_level 2 -no-CAfile -no-CApath -no-CAstore -CAfile $i.anchors "\${untrusted[@]}" $i.leaf > $i.out 2>&1 || true
  done`);
  return chains.map((_, index) => {
    const output = folder.read(`${index}.out`);
    if (/: OK$/m.test(output)) return 'good';
    return /error (\d+) at/.exec(output)?.[1] ?? `unreadable: ${output}`;
  });
}
