import { CHANGE_BODIES, TICKET_KEYS, type TicketKeys } from '@postern/contracts';
import type { WriteContext } from './write-context.ts';

/** Keys that cannot be read count as none: new ones take their place. */
export function updateTicketKeys(
  { log, now }: WriteContext,
  next: (present: TicketKeys | undefined) => TicketKeys | null,
): void {
  const present = CHANGE_BODIES['ticket-keys'].safeParse(log.find('ticket-keys', TICKET_KEYS.id));
  const keys = next(present.data);
  if (keys !== null) log.put('ticket-keys', TICKET_KEYS.id, keys, now);
}
