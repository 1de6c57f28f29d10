import { type Check, check } from '../check.ts';
import { type Answer, attemptPlain, attemptRequest, cameThrough, describeAnswer } from './attempt-request.ts';
import { checkForging } from './check-forging.ts';
import { checkHttp2 } from './check-http2.ts';
import { checkNames } from './check-names.ts';
import { checkProtocol } from './check-protocol.ts';
import { checkSessions } from './check-sessions.ts';
import type { ProbedEdge } from './open-tls.ts';

/**
 * Tries the known ways past the client-certificate check of a live host, from outside, and says of each whether it is closed. Sends
 * harmless requests for `/`; what is behind the edge sees those that come through. Never rejects.
 */
export async function probeEdge(edge: ProbedEdge): Promise<Check[]> {
  const { host } = edge;
  const own = { serverName: host, authority: host };
  const bare = [
    await attemptRequest(edge, { ...own, withClient: false, tls: { maxVersion: 'TLSv1.2' } }),
    await attemptRequest(edge, { ...own, withClient: false }),
  ];
  const shown = edge.client === null ? null : await attemptRequest(edge, { ...own, withClient: true });
  const unreachable = reasonOfUnreachable(shown ?? bare[1]);
  if (unreachable !== null) {
    const where = `${edge.address}:${edge.port}`;
    const hint = unreachable.includes('UNRECOGNIZED_NAME')
      ? `no host ${host} is served there: see postern route list`
      : 'say where the edge listens, like --connect 127.0.0.1:8443';
    return [check('edge', 'fail', `${where}: ${unreachable}`, hint)];
  }
  const isOpen = bare.every(cameThrough);
  return [
    checkWithCertificate(edge, shown),
    checkWithout(edge, bare),
    await checkFragments(edge, isOpen),
    ...(await checkNames(edge, isOpen)),
    ...(await checkSessions(edge, !isOpen, 'http/1.1')),
    ...(await checkProtocol(edge)),
    isOpen || edge.client !== null
      ? await checkForging(edge)
      : check(
          'forged headers',
          'skip',
          'the host asks for a certificate, and none was given',
          'give --cert and --key',
        ),
    await checkPlain(edge),
    ...(await checkHttp2(edge, isOpen)),
  ];
}

/** Why nothing at all can be said of the host; null where something can. */
function reasonOfUnreachable(answer: Answer | undefined): string | null {
  if (answer?.outcome !== 'refused') return null;
  return /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$|UNRECOGNIZED_NAME/.test(answer.detail)
    ? answer.detail
    : null;
}

function checkWithCertificate({ host }: ProbedEdge, shown: Answer | null): Check {
  if (shown === null)
    return check('certificate', 'skip', 'no certificate was given', 'give --cert and --key to check more');
  return cameThrough(shown)
    ? check('certificate', 'pass', `${host} ${describeAnswer(shown)}`)
    : check(
        'certificate',
        'fail',
        `the certificate given is not admitted: ${describeAnswer(shown)}`,
        'see postern explain',
      );
}

function checkWithout({ host, client }: ProbedEdge, bare: readonly Answer[]): Check {
  const name = 'no certificate';
  if (!bare.some(cameThrough)) return check(name, 'pass', bare.map(describeAnswer).join('; '));
  if (client === null && bare.every(cameThrough))
    return check(
      name,
      'warn',
      `${host} serves clients without a certificate`,
      'name a client CA in its route',
    );
  return check(
    name,
    'fail',
    `a client without a certificate came through to ${host}`,
    'demand client certificates on this host',
  );
}

async function checkFragments(edge: ProbedEdge, isOpen: boolean): Promise<Check> {
  const name = 'fragmented ClientHello';
  const { host } = edge;
  const seen: string[] = [];
  for (const fragmentBytes of [1, 200]) {
    const answer = await attemptRequest(edge, {
      ...{ serverName: host, authority: host, fragmentBytes },
      withClient: false,
    });
    if (!isOpen && cameThrough(answer)) {
      return check(
        name,
        'fail',
        `a ClientHello in records of ${fragmentBytes} bytes came through without a certificate`,
        'read the whole ClientHello before the host is chosen; never fall back to a default',
      );
    }
    seen.push(`records of ${fragmentBytes} bytes: ${describeAnswer(answer)}`);
  }
  return check(name, 'pass', seen.join('; '));
}

async function checkPlain({ http, host, timeoutMs }: ProbedEdge): Promise<Check> {
  const name = 'plain HTTP';
  if (http === null) return check(name, 'skip', 'no listener was named', 'name it with --http');
  const answer = await attemptPlain(http, host, timeoutMs);
  const redirects = answer.outcome === 'answered' && answer.status >= 300 && answer.status < 400;
  return cameThrough(answer) && !redirects
    ? check(name, 'fail', `${host} is ${describeAnswer(answer)} without TLS`, 'redirect plain HTTP to HTTPS')
    : check(name, 'pass', describeAnswer(answer));
}
