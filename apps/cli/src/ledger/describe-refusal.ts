import type { RefusalDetails, RefusalResource } from '@postern/contracts';
import { formatFields } from '../output/format-table.ts';

/** The columns of `refusal list` and `refusal tail`; `wide` has all. */
export function refusalTable(wide: boolean) {
  return {
    header: [
      'LAST',
      'COUNT',
      'REASON',
      'HOST',
      'CLIENT',
      'ADDRESS',
      ...(wide ? ['ROUTE', 'RULE', 'FINGERPRINT', 'EDGE'] : []),
      'ID',
    ],
    row: (refusal: RefusalResource): string[] => [
      refusal.lastAt,
      String(refusal.count),
      reasonOf(refusal),
      refusal.sni,
      clientOf(refusal),
      refusal.clientAddress ?? '-',
      ...(wide ? [refusal.route, refusal.rule ?? '-', refusal.fingerprint ?? '-', refusal.edge] : []),
      refusal.id,
    ],
  };
}

const PHASES = {
  handshake: 'in the handshake',
  request: 'by a request',
  connection: 'on a connection that had been let in, which was ended',
} as const;

/** Writes one refusal with all that is known of it. */
export function describeRefusal(refusal: RefusalDetails): string {
  const { chainPem } = refusal;
  const fields = formatFields([
    ['Id', refusal.id],
    ['Reason', reasonOf(refusal)],
    ['Detail', refusal.detail],
    ['Met', refusal.phase === null ? undefined : PHASES[refusal.phase]],
    ['Observed', refusal.observedMatch === null ? undefined : `${refusal.observedMatch} would admit it`],
    ['Count', refusal.count === 1 ? '1' : `${refusal.count}, each a handshake or a request`],
    ['First', refusal.firstAt],
    ['Last', refusal.lastAt],
    ['Route', refusal.route],
    ['Host', refusal.host === refusal.sni ? refusal.host : `${refusal.sni} (${refusal.host})`],
    ['Rule', refusal.rule ?? undefined],
    ['Revision', String(refusal.revision)],
    ['Edge', refusal.edge],
    ['Address', refusal.clientAddress ?? undefined],
    ['TLS', refusal.tlsVersion ?? undefined],
    ['Subject', refusal.subject ?? undefined],
    ['Issuer', refusal.issuer ?? undefined],
    ['Serial', refusal.serial ?? undefined],
    ['SHA-256', refusal.fingerprint ?? undefined],
    ['Presented', presentedOf(refusal)],
  ]);
  return chainPem === null ? fields : `${fields}\n${chainPem.join('')}`;
}

function reasonOf({ reason, observed }: RefusalResource): string {
  return observed ? `${reason} (observed)` : reason;
}

function clientOf({ subject, various, fingerprint }: RefusalResource): string {
  if (various) return 'several clients';
  return subject ?? (fingerprint === null ? 'no certificate' : 'unreadable certificate');
}

function presentedOf({ chainPem, chainHash }: RefusalDetails): string {
  if (chainPem !== null)
    return `${chainPem.length} ${chainPem.length === 1 ? 'certificate' : 'certificates'}`;
  return chainHash === null ? 'nothing that is kept' : 'no longer kept';
}
