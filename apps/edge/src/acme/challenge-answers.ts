import type { SecureContext } from 'node:tls';
import { type Challenge, challengeId, type Hostname } from '@postern/contracts/plain';
import { createChallengeCertificate } from '@postern/pki/plain';
import { type ReplicaReader, readChallenge } from '../hosts/read-documents.ts';
import { Lru } from '../lru.ts';
import { buildSecureContext, type TlsVersion } from '../tls/secure-context.ts';

/** The one protocol of a tls-alpn-01 handshake (RFC 8737 section 3). */
export const ACME_TLS = 'acme-tls/1';

/** Contexts kept, 31 KiB each: a CA looks at one from several places at once, and strangers must not make us sign for each look. */
const CONTEXTS_MAX = 200;

interface ChallengeAnswersOptions {
  readonly replica: ReplicaReader;
  readonly minVersion: TlsVersion;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Answers to the challenges of CAs, as the replica has them now: for exactly the host that is proven, whether or not it has a
 * certificate yet and whatever it demands of clients, and no longer than the challenge holds. What cannot be read is answered with nothing.
 */
export class ChallengeAnswers {
  readonly #options: ChallengeAnswersOptions;
  /** By host and key authorization: another challenge is another context. */
  readonly #contexts = new Lru<Promise<SecureContext>>(CONTEXTS_MAX);

  constructor(options: ChallengeAnswersOptions) {
    this.#options = options;
  }

  /** The key authorization that an http-01 challenge wants in return for its token (RFC 8555 section 8.3). */
  httpAnswer(host: Hostname, token: string): string | undefined {
    return this.#find(challengeId({ type: 'http-01', token }), 'http-01', host)?.keyAuthorization;
  }

  /** The context that a tls-alpn-01 handshake runs with; undefined where none is expected for the host. */
  alpnContext(host: Hostname): Promise<SecureContext> | undefined {
    const challenge = this.#find(challengeId({ type: 'tls-alpn-01', host }), 'tls-alpn-01', host);
    if (challenge === undefined) return undefined;
    const key = `${host} ${challenge.keyAuthorization}`;
    const known = this.#contexts.get(key);
    if (known !== undefined) return known;
    const made = this.#makeContext(challenge);
    this.#contexts.set(key, made);
    // A failure is told to who asked; the next one tries anew.
    made.catch(() => this.#contexts.delete(key));
    return made;
  }

  #find(id: string, type: Challenge['type'], host: Hostname): Challenge | undefined {
    const challenge = readChallenge(this.#options.replica, id);
    const holds = challenge?.type === type && challenge.host === host;
    return holds && this.#options.now() < challenge.expiresAt ? challenge : undefined;
  }

  async #makeContext({ host, keyAuthorization }: Challenge): Promise<SecureContext> {
    const { now, minVersion } = this.#options;
    const { certPem, keyPem } = await createChallengeCertificate({ host, keyAuthorization, now: now() });
    return buildSecureContext({ chainPem: certPem, keyPem, anchorsPem: null, sessions: null, minVersion });
  }
}
