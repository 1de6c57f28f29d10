import { randomBytes, randomUUID } from 'node:crypto';
import { type Log, TICKET_KEYS, type TicketKeys } from '@postern/contracts';
import { sealWithMasterKey } from '@postern/pki';
import type { Store } from '@postern/store';

/** Milliseconds between two looks at the age of the keys; far below the 12 h they live. */
const EVERY_MS = 60_000;

interface TicketKeysOptions {
  readonly store: Pick<Store, 'updateTicketKeys'>;
  /** 32 bytes. */
  readonly masterKey: Buffer;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What a ticket key is sealed as to the master key. */
export const ticketKeyUse = (id: string): string => `ticket-key:${id}`;

/**
 * Makes the keys that edges derive those of session tickets from, at once and then every 12 h, for as long as it runs. `made` settles
 * after the first look. What fails is logged and tried again: without keys edges resume nothing, and serve.
 */
export function startTicketKeys(options: TicketKeysOptions): {
  readonly made: Promise<void>;
  stop(): void;
} {
  const look = async () => {
    try {
      await options.store.updateTicketKeys((present) =>
        nextTicketKeys(present, { masterKey: options.masterKey, now: options.now() }),
      );
    } catch (error) {
      options.log.error({ err: error }, 'the keys of session tickets could not be made; it is tried again');
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  timer.unref();
  return { made: look(), stop: () => clearInterval(timer) };
}

/**
 * The keys that follow: null while the newest is young. A successor comes first; what edges may still accept stays behind it. A newest
 * key from the future (a clock that was set back) is replaced too, since it would otherwise seal tickets for longer than 12 h.
 */
export function nextTicketKeys(
  present: TicketKeys | undefined,
  { masterKey, now }: { masterKey: Buffer; now: number },
): TicketKeys | null {
  const newest = present?.keys[0];
  const ageMs = newest === undefined ? Number.POSITIVE_INFINITY : now - Date.parse(newest.createdAt);
  if (ageMs >= 0 && ageMs < TICKET_KEYS.rotateAfterMs) return null;
  const id = randomUUID();
  const key = randomBytes(TICKET_KEYS.bytes);
  const made = {
    id,
    sealedKey: sealWithMasterKey(masterKey, key, ticketKeyUse(id)),
    createdAt: new Date(now).toISOString(),
    expiresAt: new Date(now + TICKET_KEYS.acceptForMs).toISOString(),
  };
  key.fill(0);
  const accepted = (present?.keys ?? []).filter(
    ({ createdAt, expiresAt }) => Date.parse(createdAt) <= now && now < Date.parse(expiresAt),
  );
  return { keys: [made, ...accepted.slice(0, 1)] };
}
