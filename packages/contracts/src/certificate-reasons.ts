/** What a reason means, and what to do about it. */
interface ReasonText {
  readonly meaning: string;
  readonly remedy: string;
}

/**
 * Why a host has no certificate yet, or no successor, in words that an operator can act on. Closed: conditions, `cert get`
 * and `explain` use these and no others; conditions write them as `conditionReasonOf` does.
 */
export const CERTIFICATE_REASONS = {
  ca_unreachable: {
    meaning: 'the CA does not answer',
    remedy:
      'look whether this machine reaches the directory URL, and whether POSTERN_ACME_CA_BUNDLE holds the CA of its own certificate; it is tried again by itself',
  },
  ca_refused: {
    meaning: 'the CA refuses the order',
    remedy: 'read what the CA says; then ask again with: postern cert renew NAME',
  },
  caa_forbids: {
    meaning: 'a CAA record forbids this CA to issue for the name',
    remedy: 'let the record named allow the CA, or bring a certificate with --server-certificate-secret',
  },
  dns_unresolvable: {
    meaning: 'a name cannot be resolved',
    remedy: 'make or mend the record named; it is looked at again by itself',
  },
  challenge_failed: {
    meaning: 'the CA could not see the answer to its challenge',
    remedy:
      'the name must lead to an edge from where the CA looks: port 443 for tls-alpn-01, port 80 for http-01; or use dns-01',
  },
  rate_limited: {
    meaning: 'a rate limit holds the order back',
    remedy: 'wait: it is ordered by itself when the limit allows; an issued certificate serves meanwhile',
  },
  hostname_not_verified: {
    meaning: 'the hostname is not verified yet',
    remedy: 'make one of the records that this prints: postern hostname check NAME',
  },
  not_public: {
    meaning: 'no public CA issues for the name',
    remedy: 'clients must trust the local CA, which `postern ca` prints; or bring a certificate',
  },
  internal: {
    meaning: 'something of Postern itself failed',
    remedy: 'look at the log of the certificate worker',
  },
} as const satisfies Record<string, ReasonText>;
export type CertificateReason = keyof typeof CERTIFICATE_REASONS;

/** A word of ours in the form that the reasons of conditions have: `CaUnreachable` of `ca_unreachable`. */
export function conditionReasonOf(word: string): string {
  return word.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
