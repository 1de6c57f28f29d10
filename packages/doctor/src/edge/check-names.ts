import { type Check, check } from '../check.ts';
import { attemptRequest, cameThrough, describeAnswer } from './attempt-request.ts';
import type { ProbedEdge } from './open-tls.ts';

/** Nobody's (RFC 2606 section 2). */
const NOBODY = 'postern-doctor.invalid';

/** Looks for ways to the host under another name than its own: in TLS, in HTTP, and in none. */
export async function checkNames(edge: ProbedEdge, isOpen: boolean): Promise<Check[]> {
  const { host, neighbour } = edge;
  const unknown = await attemptRequest(edge, { serverName: NOBODY, authority: host, withClient: false });
  const nameless = await attemptRequest(edge, { serverName: null, authority: host, withClient: false });
  const through = [
    ...(cameThrough(unknown) ? ['an unknown name'] : []),
    ...(cameThrough(nameless) ? ['no name'] : []),
  ];
  return [
    through.length > 0
      ? check(
          'unknown names',
          'fail',
          `a handshake with ${through.join(' and with ')} came through to ${host}`,
          'refuse every handshake whose name is not that of a host',
        )
      : check(
          'unknown names',
          'pass',
          `${describeAnswer(unknown)}; without a name ${describeAnswer(nameless)}`,
        ),
    await checkOtherAuthority(edge, isOpen),
    neighbour === null
      ? check(
          'Host under a neighbour',
          'skip',
          'no other host of this edge is known',
          'name an open one with --neighbour',
        )
      : await checkUnderNeighbour(edge, neighbour),
  ];
}

async function checkOtherAuthority(edge: ProbedEdge, isOpen: boolean): Promise<Check> {
  const name = 'Host of another name';
  if (!isOpen && edge.client === null)
    return check(
      name,
      'skip',
      'the host asks for a certificate, and none was given',
      'give --cert and --key',
    );
  const answer = await attemptRequest(edge, { serverName: edge.host, authority: NOBODY, withClient: true });
  return cameThrough(answer)
    ? check(
        name,
        'fail',
        `a request for ${NOBODY} on a connection for ${edge.host} was ${describeAnswer(answer)}`,
        'answer 421 where Host and the name of the handshake differ',
      )
    : check(name, 'pass', describeAnswer(answer));
}

async function checkUnderNeighbour(edge: ProbedEdge, neighbour: string): Promise<Check> {
  const name = 'Host under a neighbour';
  const answer = await attemptRequest(edge, {
    serverName: neighbour,
    authority: edge.host,
    withClient: false,
  });
  return cameThrough(answer)
    ? check(
        name,
        'fail',
        `a request for ${edge.host} came through on a connection for ${neighbour}`,
        'answer 421 where Host and the name of the handshake differ',
      )
    : check(name, 'pass', describeAnswer(answer));
}
