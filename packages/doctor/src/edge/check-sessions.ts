import { type Check, check } from '../check.ts';
import { cameThrough, describeAnswer } from './attempt-request.ts';
import type { ProbedEdge } from './open-tls.ts';
import { type SessionTrial, type TlsVersion, trySession } from './try-sessions.ts';

const VERSIONS: readonly TlsVersion[] = ['1.2', '1.3'];
const HINT =
  'give every host keys of its own for session tickets; let admission run on resumed connections too';

/** Offers the host sessions that were begun without its certificate: on itself and, where one is known, on a neighbour. */
export async function checkSessions(
  edge: ProbedEdge,
  demands: boolean,
  protocol: SessionTrial['protocol'],
): Promise<Check[]> {
  const { host, neighbour } = edge;
  const prefix = protocol === 'h2' ? 'HTTP/2: ' : '';
  const withoutOne = `${prefix}session without a certificate`;
  const across = `${prefix}session of another host`;
  if (!demands) {
    return [withoutOne, across].map((name) => check(name, 'skip', `${host} asks for no certificate`));
  }
  return [
    await offer(edge, withoutOne, { protocol, from: host, withClient: false, to: host }),
    neighbour === null
      ? check(across, 'skip', 'no other host of this edge is known', 'name an open one with --neighbour')
      : await offer(edge, across, { protocol, from: neighbour, withClient: false, to: host }),
  ];
}

async function offer(edge: ProbedEdge, name: string, trial: Omit<SessionTrial, 'version'>): Promise<Check> {
  const seen: string[] = [];
  for (const version of VERSIONS) {
    const outcome = await trySession(edge, { ...trial, version });
    if (outcome.outcome === 'no openssl')
      return check(name, 'skip', 'it takes the openssl command, which cannot be run', 'install openssl');
    if (outcome.outcome === 'none') {
      seen.push(`TLS ${version}: no session was given out`);
      continue;
    }
    if (cameThrough(outcome)) {
      const what = `a session of ${trial.from} without a certificate`;
      return check(name, 'fail', `TLS ${version}: ${what} came through to ${trial.to}`, HINT);
    }
    seen.push(`TLS ${version}: ${describeAnswer(outcome)}`);
  }
  return check(name, 'pass', seen.join('; '));
}
