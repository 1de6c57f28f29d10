import type { HostDocument } from './host-document.ts';

/** Ids of the bundles whose anchors may vouch for clients of a host, each once: its own before those of its rules. */
export function clientBundlesOf({ clientCertificate, rules }: HostDocument): string[] {
  const { trustBundle = null, nextTrustBundle = null } = clientCertificate ?? {};
  const ofRules = rules.map((rule) => rule.clientCertificate?.trustBundle ?? null);
  return [...new Set([trustBundle, nextTrustBundle, ...ofRules].filter((id) => id !== null))];
}
