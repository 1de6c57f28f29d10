import { type Check, check } from '../check.ts';
import { type Answer, attemptRequest } from './attempt-request.ts';
import type { ProbedEdge } from './open-tls.ts';

const FORGED = [
  'Client-Cert',
  'Client-Cert-Chain',
  'X-Forwarded-Client-Cert',
  'X-SSL-Client-Cert',
  'X-SSL-Client-S-DN',
  'X-Client-Subject',
];

/** Claims to be another client, in every header that names one, and looks in the answer of a service that echoes requests for it. */
export async function checkForging(edge: ProbedEdge): Promise<Check> {
  const own = { serverName: edge.host, authority: edge.host, withClient: true };
  return judgeForging('forged headers', (fields) =>
    attemptRequest(edge, { ...own, fields: fields.map(([name, value]) => `${name}: ${value}`) }),
  );
}

/** The check itself, over whatever protocol `ask` speaks. */
export async function judgeForging(
  name: string,
  ask: (fields: readonly (readonly [string, string])[]) => Promise<Answer>,
): Promise<Check> {
  const mark = `postern-doctor-${Date.now().toString(36)}`;
  const answer = await ask([
    ['X-Postern-Doctor', `${mark}-seen`],
    ...FORGED.map((field) => [field, `${mark}-forged`] as const),
  ]);
  const text = answer.outcome === 'answered' ? answer.text : '';
  if (text.includes(`${mark}-forged`)) {
    const which = FORGED.filter((field) =>
      new RegExp(`${field}[^a-z-][^\\n]*${mark}-forged`, 'i').test(text),
    );
    return check(
      name,
      'fail',
      `what a client claims to be reached the service: ${which.join(', ') || 'in a header'}`,
      'strip identity headers from every request',
    );
  }
  return text.includes(`${mark}-seen`)
    ? check(name, 'pass', 'the service saw none of them')
    : check(
        name,
        'skip',
        'the service does not echo requests, so it cannot be seen',
        'probe a route to postern demo',
      );
}
