import type { ResourceName } from './resource-name.ts';

interface Named {
  readonly name: ResourceName;
}

/** What of a descriptor names the CAs of its rules. */
interface NamesRuleCas {
  readonly routes: readonly {
    readonly clientCertificate?: { readonly ca?: Named | undefined } | undefined;
  }[];
}

/** What of a descriptor names client CAs. */
interface NamesClientCas extends NamesRuleCas {
  readonly tls?:
    | { readonly clientValidationCa?: (Named & { readonly next?: Named | undefined }) | undefined }
    | undefined;
}

/** Names of the `tls-ca` secrets that rules demand, each once, in the order of the rules. */
export function ruleCaNamesOf({ routes }: NamesRuleCas): ResourceName[] {
  return [...new Set(routes.flatMap(({ clientCertificate }) => clientCertificate?.ca?.name ?? []))];
}

/** Names of all `tls-ca` secrets whose clients a handshake of this route asks for, each once: its own first, then those of its rules. */
export function clientCaNamesOf(spec: NamesClientCas): ResourceName[] {
  const { name, next } = spec.tls?.clientValidationCa ?? {};
  return [...new Set([name, next?.name, ...ruleCaNamesOf(spec)].filter((one) => one !== undefined))];
}
