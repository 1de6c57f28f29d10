import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import {
  type ClientPath,
  type Evaluation,
  evaluateClient,
  type PresentedClient,
  readAnchors,
} from '@postern/admission';
import { PosternError } from '@postern/contracts/plain';
import { Lingerer } from '../accept/linger.ts';
import { fingerprintOf } from './client-identity.ts';
import { type HandshakeOutcome, runHandshake } from './handshake.ts';
import { buildSecureContext, type TlsVersion } from './secure-context.ts';
import { SELF_TEST_CA, SELF_TEST_KEY, SELF_TEST_LEAF, SELF_TEST_STRANGER } from './self-test-certificates.ts';

const NAME = 'self-test.invalid';
const TIMEOUT_MS = 5_000;

/** Stands in for our own validation, so that only OpenSSL's verdict is left to refuse. */
const believeAll = ([der = Buffer.alloc(0)]: readonly Buffer[]): ClientPath => ({
  result: {
    verdict: 'admit',
    path: [{ source: 'leaf', der, subject: 'leaf', issuer: 'leaf' }],
    checks: [],
    validUntil: Number.POSITIVE_INFINITY,
    constrainsDnsNames: false,
  },
  names: { commonNames: [], dnsNames: [] },
  fingerprints: [fingerprintOf(der)],
});

/** The handshake under test; another one is given only to prove that the self-test notices. */
type Handshake = typeof runHandshake;

/**
 * Proves, with handshakes in memory, that this Node still tells good clients from bad ones: a certificate of the CA is let
 * in, a stranger's is refused with OpenSSL's reason, none is refused; and that a resumed session is its client's, never better than
 * that client was, and nobody's where it was begun without a certificate.
 *
 * Throws PosternError `internal` with the first case that came out otherwise; the edge must not serve then.
 */
export async function proveHandshakes(handshake: Handshake = runHandshake): Promise<void> {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const server = serverSide(version);
    const first = await tryClient(handshake, server, SELF_TEST_LEAF, undefined, 'done');
    const leaf = Buffer.from(SELF_TEST_LEAF, 'base64');
    demand(version, 'a good certificate', first, (outcome) => {
      return outcome.outcome === 'done' && outcome.client?.fingerprint === fingerprintOf(leaf);
    });
    const stranger = await tryClient(handshake, server, SELF_TEST_STRANGER);
    demand(version, 'a bad certificate', stranger, (outcome) => {
      return outcome.outcome === 'refused' && outcome.reason === 'certificate_self_signed';
    });
    const credulous = { ...server, evaluate: server.evaluateCredulously };
    const believed = await tryClient(handshake, credulous, SELF_TEST_STRANGER, undefined, 'refused');
    demand(version, 'a bad certificate, to OpenSSL alone', believed, (outcome) => {
      return outcome.outcome === 'refused' && outcome.reason === 'certificate_self_signed';
    });
    const bare = await tryClient(handshake, server, null);
    demand(version, 'no certificate', bare, (outcome) => outcome.outcome !== 'done');
    const resumed = await tryClient(handshake, server, null, first.session);
    demand(version, 'a session', resumed, (outcome) => {
      return (
        outcome.outcome === 'done' && resumed.reused && outcome.client?.fingerprint === fingerprintOf(leaf)
      );
    });
    const doubted = await tryClient(handshake, credulous, SELF_TEST_LEAF, believed.session);
    demand(version, 'the session of a bad certificate', doubted, (outcome) => {
      return outcome.outcome !== 'done' || !doubted.reused;
    });
    const unasked = { ...server, secureContext: server.careless, isOpen: true };
    const nameless = await tryClient(handshake, unasked, null, undefined, 'done');
    const smuggled = await tryClient(handshake, server, null, nameless.session);
    demand(version, 'a session without a certificate', smuggled, (outcome) => outcome.outcome !== 'done');
  }
}

interface Tried {
  readonly outcome: HandshakeOutcome;
  /** The last session the client was given, if any. */
  readonly session: Buffer | undefined;
  readonly reused: boolean;
}

function demand(
  version: string,
  what: string,
  tried: Tried,
  holds: (outcome: HandshakeOutcome) => boolean,
): void {
  if (holds(tried.outcome)) return;
  throw new PosternError('internal', {
    detail: `the TLS self-test failed (${what}, ${version}): this build of Node ${process.version} with OpenSSL ${process.versions.openssl} must not serve`,
    context: { outcome: tried.outcome.outcome },
  });
}

function serverSide(version: TlsVersion) {
  const ca = new X509Certificate(Buffer.from(SELF_TEST_CA, 'base64'));
  const anchorsPem = [ca.toString()];
  const bundle = { name: 'self-test', contentHash: 'self-test', anchors: readAnchors([ca.raw]) };
  const policy = { bundles: [bundle], matchers: null, revocations: null };
  const sessions = { domain: `self-test ${version}`, ticketKeys: randomBytes(48) };
  const secureContext = buildSecureContext({
    ...credentials(SELF_TEST_LEAF),
    anchorsPem,
    sessions,
    minVersion: 'TLSv1.2',
  });
  // What must never be: the sessions of clients that nobody asked, under the keys of a host that asks.
  const careless = buildSecureContext({
    ...credentials(SELF_TEST_LEAF),
    anchorsPem: null,
    sessions,
    minVersion: 'TLSv1.2',
  });
  // By what they show.
  const clients = new Map(
    [SELF_TEST_LEAF, SELF_TEST_STRANGER, null].map((shown) => [shown, clientContext(version, shown)]),
  );
  return {
    clients,
    secureContext,
    careless,
    isOpen: false,
    evaluate: (client: PresentedClient): Evaluation => evaluateClient(client, policy, Date.now()),
    evaluateCredulously: (client: PresentedClient): Evaluation =>
      evaluateClient(client, policy, Date.now(), believeAll),
  };
}

function clientContext(version: TlsVersion, certificate: string | null): SecureContext {
  const pair = certificate === null ? undefined : credentials(certificate);
  return createSecureContext({
    // Absent it would mean the public roots.
    ca: [],
    // The cheapest one, and that of the certificates: keys are not what is tried here.
    ecdhCurve: 'X25519:P-256',
    minVersion: version,
    maxVersion: version,
    ...(pair === undefined ? {} : { cert: pair.chainPem, key: pair.keyPem }),
  });
}

function credentials(certificate: string): { chainPem: string; keyPem: string } {
  const key = createPrivateKey({ key: Buffer.from(SELF_TEST_KEY, 'base64'), format: 'der', type: 'pkcs8' });
  return {
    chainPem: new X509Certificate(Buffer.from(certificate, 'base64')).toString(),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

async function tryClient(
  handshake: Handshake,
  server: ReturnType<typeof serverSide>,
  certificate: string | null,
  session?: Buffer,
  /** Waits for the session of such a client, which comes a moment after the handshake, also to one that is refused. */
  sessionOf: HandshakeOutcome['outcome'] | null = null,
): Promise<Tried> {
  const [near, far] = duplexPair();
  const client = connect({
    socket: far,
    servername: NAME,
    secureContext: server.clients.get(certificate),
    // What the client thinks of the server is not what is tried here.
    rejectUnauthorized: false,
    ...(session === undefined ? {} : { session }),
  });
  client.on('error', () => {});
  let given: Buffer | undefined;
  const tickets = new Promise<void>((resolve) => {
    client.on('session', (ticket) => {
      given = ticket;
      resolve();
    });
    client.once('close', resolve);
    setTimeout(resolve, TIMEOUT_MS).unref();
  });
  const outcome = await handshake(near as unknown as Socket, {
    secureContext: server.secureContext,
    evaluate: server.isOpen ? null : server.evaluate,
    intermediates: { find: () => [], above: () => [], mayRead: () => false },
    serverName: NAME,
    timeoutMs: TIMEOUT_MS,
    lingerer: new Lingerer({ lingerMs: 0, lingeringMax: 1 }),
  });
  const reused = outcome.outcome === 'done' && outcome.socket.isSessionReused();
  if (outcome.outcome === sessionOf) await tickets;
  given ??= client.getSession();
  client.destroy();
  if (outcome.outcome !== 'failed') outcome.socket.destroy();
  return { outcome, session: given, reused };
}
