import type { Finding, SecretDetails, SecretResource } from '@postern/contracts';
import type { SecretRecord } from '@postern/store';
import { crlFindings, crlStatusOf } from './crl-status.ts';
import { resourceMetaOf } from './resource-meta.ts';

/** A stored secret as callers see it: everything but its values. */
export function secretResourceOf(record: SecretRecord, now: number): SecretResource {
  const status = crlStatusOf(record, now);
  return {
    ...resourceMetaOf(record),
    type: record.type,
    details: record.details,
    ...(status === null ? {} : { status: { crl: status } }),
    usedBy: [...record.usedBy],
    findings: [...findExpired(record.details, now), ...(status === null ? [] : crlFindings(status))],
  };
}

/** Warns of certificates whose validity has ended or not begun. Pointers lead into the resource. */
function findExpired(details: SecretDetails, now: number): Finding[] {
  return (details.certificates ?? []).flatMap((certificate, index): Finding[] => {
    const pointer = `/details/certificates/${index}`;
    if (Date.parse(certificate.notAfter) < now) {
      return [
        warning('certificate_expired', `${certificate.subject} expired on ${certificate.notAfter}`, pointer),
      ];
    }
    if (Date.parse(certificate.notBefore) > now) {
      return [
        warning(
          'certificate_not_yet_valid',
          `${certificate.subject} is not valid before ${certificate.notBefore}`,
          pointer,
        ),
      ];
    }
    return [];
  });
}

function warning(code: string, message: string, pointer: string): Finding {
  return { severity: 'warning', code, message, pointer };
}
