import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { TICKET_KEYS } from '@postern/contracts/plain';
import { openAtEdge } from '@postern/pki/plain';
import { type ReplicaReader, readTicketKeys, UnusableDocument } from '../hosts/read-documents.ts';

/** Bytes that Node takes as `ticketKeys`: 16 of a name, 16 of an HMAC key, 16 of an AES key. */
const TICKET_KEYS_BYTES = 48;
const NAME_BYTES = 16;

/**
 * One key of one trust domain. There are two for each secret, so that a client whose session must not be resumed can be
 * given a new one all the same: under the key that did not seal what it offered.
 */
export interface SessionLane {
  /** The first bytes of every ticket of this lane. */
  readonly ticketName: Buffer;
  /** As Node's `ticketKeys` option wants them. */
  readonly ticketKeys: Buffer;
  /** Milliseconds since 1970 from which the lane resumes nothing any more. */
  readonly expiresAt: number;
}

interface SharedSecret {
  readonly secret: KeyObject;
  readonly expiresAt: number;
}

interface SessionKeysOptions {
  readonly replica: ReplicaReader;
  readonly edgeKeyPem: string;
  /** Called when the keys in the replica cannot be used; nothing resumes then. */
  readonly onUnusable: (what: string, error: UnusableDocument) => void;
}

/** The secrets behind session tickets, as the replica has them now, and what is derived from them for one trust domain. */
export class SessionKeys {
  readonly #options: SessionKeysOptions;
  #secrets: readonly SharedSecret[] | undefined;

  constructor(options: SessionKeysOptions) {
    this.#options = options;
  }

  /** The next use reads the replica anew. */
  forget(): void {
    this.#secrets = undefined;
  }

  /**
   * The lanes of a domain, those of the newest secret first; none while there are no keys. Domains of different words have
   * nothing in common: another policy, another word, other keys (HKDF, RFC 5869).
   */
  lanesOf(domain: string): SessionLane[] {
    this.#secrets ??= this.#read();
    const salt = createHash('sha256').update(domain).digest();
    return this.#secrets.flatMap(({ secret, expiresAt }) =>
      ['a', 'b'].map((lane) => {
        const info = `postern session tickets 1 ${lane}`;
        const ticketKeys = Buffer.from(hkdfSync('sha256', secret, salt, info, TICKET_KEYS_BYTES));
        return { ticketName: ticketKeys.subarray(0, NAME_BYTES), ticketKeys, expiresAt };
      }),
    );
  }

  #read(): SharedSecret[] {
    const { replica, edgeKeyPem, onUnusable } = this.#options;
    const what = `ticket-keys ${TICKET_KEYS.id}`;
    try {
      return readTicketKeys(replica).keys.map(({ id, sealedKey, expiresAt }) => {
        const secret = openAtEdge(edgeKeyPem, sealedKey, `edge-ticket-key:${id}`);
        if (secret.length !== TICKET_KEYS.bytes) throw new RangeError('a ticket key of another length');
        return { secret: createSecretKey(secret), expiresAt: Date.parse(expiresAt) };
      });
    } catch (error) {
      const unusable =
        error instanceof UnusableDocument
          ? error
          : new UnusableDocument(
              'ticket_keys_unusable',
              `${what} do not open with the key of this edge`,
              error,
            );
      // An edge that has none yet resumes nothing, and that is no fault.
      if (unusable.reason !== 'ticket_keys_missing') onUnusable(what, unusable);
      return [];
    }
  }
}
