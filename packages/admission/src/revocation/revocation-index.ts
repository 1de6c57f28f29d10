import type { RevocationEntry } from '@postern/contracts';
import { foldAscii } from '../ascii-fold.ts';
import type { CertificateFacts } from './certificate-facts.ts';

/** The revocations of a project, found by what they name: each look costs the same at ten and at thousands. */
export interface RevocationIndex {
  readonly size: number;
  /** Every revocation that names the certificate; `isLeaf`: names count as well. */
  find(certificate: CertificateFacts, isLeaf: boolean): RevocationEntry[];
}

/** Makes the index of a revocation document. */
export function indexRevocations(entries: readonly RevocationEntry[]): RevocationIndex {
  const byKey = Map.groupBy(entries, ({ client }) => {
    switch (client.by) {
      case 'fingerprint':
        return `fingerprint ${client.fingerprint}`;
      case 'serial':
        return serialKey(client.serialNumber, client.issuerKey);
      case 'subject':
        return `subject ${foldAscii(client.subject)}`;
    }
  });
  const at = (key: string): RevocationEntry[] => byKey.get(key) ?? [];
  return {
    size: entries.length,
    find: ({ fingerprint, serialNumber, issuerKey, names }, isLeaf) => [
      ...at(`fingerprint ${fingerprint}`),
      ...at(serialKey(serialNumber, issuerKey)),
      ...(isLeaf ? names.flatMap((name) => at(`subject ${name}`)) : []),
    ],
  };
}

/** A certificate may write leading zeros, a person leaves them out. */
function serialKey(serialNumber: string, issuerKey: string): string {
  return `serial ${serialNumber.replace(/^0+(?=.)/, '')} ${issuerKey}`;
}
