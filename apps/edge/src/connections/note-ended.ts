import type { RefusalReason } from '@postern/contracts';
import type { Connection, ServedHost } from '../connection.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import { usedRulesOf } from './used-rules.ts';

interface Refusal {
  readonly reason: RefusalReason;
  readonly detail: string;
  /** Null: the host as a whole refuses. */
  readonly rule: string | null;
}

/**
 * Records why a connection that was let in had to end: revocation, another CA or matcher, an expired certificate. Nothing is recorded where
 * its host is not served any more: that refuses no client.
 */
export function noteEnded(
  ledger: Pick<ClientLedger, 'refuse'>,
  connection: Connection,
  host: ServedHost | undefined,
): void {
  const refusal = host === undefined ? null : refusalOf(connection, host);
  if (host === undefined || refusal === null) return;
  ledger.refuse({
    document: host.document,
    revision: host.revision,
    sni: connection.sni,
    ...refusal,
    clientAddress: connection.clientAddress,
    fingerprint: connection.client?.fingerprint ?? null,
    chain: connection.client?.presented.chain ?? [],
    tlsVersion: connection.tlsVersion,
    phase: 'connection',
  });
}

function refusalOf(connection: Connection, host: ServedHost): Refusal | null {
  const { client } = connection;
  if (client === null) {
    const detail = 'the connection was made when the host did not demand a certificate';
    return { reason: 'certificate_missing', detail, rule: null };
  }
  const { verdict, reason, detail, names, validUntil } = host.evaluate(client.presented);
  if (verdict === 'refuse') return { reason: reason ?? 'certificate_invalid', detail, rule: null };
  for (const prefix of names === null ? [] : usedRulesOf(connection).keys()) {
    const judged = host.judgeRule({ prefix }, { names: names ?? client.names, validUntil });
    if (judged.verdict === 'admit') continue;
    const rule = host.document.rules.find((one) => one.prefix === prefix);
    return { reason: judged.reason, detail: judged.detail, rule: rule?.name ?? prefix };
  }
  return null;
}
