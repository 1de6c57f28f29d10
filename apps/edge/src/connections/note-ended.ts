import type { Connection, ServedHost } from '../connection.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import type { EndReason } from './judge-standing.ts';

/** Records why a connection that was let in had to end: a revocation, another CA, rule or matcher, an expired certificate. */
export function noteEnded(
  ledger: Pick<ClientLedger, 'refuse'>,
  connection: Connection,
  host: ServedHost,
  why: EndReason,
): void {
  const { client, presented } = connection;
  ledger.refuse({
    document: host.document,
    revision: host.revision,
    sni: connection.sni,
    ...why,
    clientAddress: connection.clientAddress,
    fingerprint: client?.fingerprint ?? null,
    chain: client?.presented.chain ?? presented?.chain ?? [],
    tlsVersion: connection.tlsVersion,
    phase: 'connection',
  });
}
