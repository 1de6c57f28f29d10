import { isTicketOf, openTicket } from './offered-session.ts';
import type { SessionClient } from './read-session.ts';
import type { SessionLane } from './session-keys.ts';

/**
 * Chooses the key that a handshake runs with, by the tickets in its ClientHello: that of a session that may be resumed, else one
 * under which nothing that was offered resumes, so that the client makes a full handshake, loses no request, and gets a new session.
 *
 * `lanes` are those of the host's domain that hold now, newest first. Null where no lane is left: then nothing must resume.
 */
export function chooseLane(
  lanes: readonly SessionLane[],
  tickets: readonly Buffer[],
  mayResume: (session: SessionClient) => boolean,
): SessionLane | null {
  const refused = new Set<SessionLane>();
  let wanted: SessionLane | undefined;
  for (const ticket of tickets) {
    const lane = lanes.find((known) => isTicketOf(known, ticket));
    if (lane === undefined) continue;
    const session = openTicket(lane, ticket);
    if (session !== null && mayResume(session)) wanted ??= lane;
    else refused.add(lane);
  }
  if (wanted !== undefined && !refused.has(wanted)) return wanted;
  // The newest secret has the first two: one of them is left, but for clients that offer a bad ticket of each.
  return lanes.slice(0, 2).find((lane) => !refused.has(lane) && lane !== wanted) ?? null;
}
