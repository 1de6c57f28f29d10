/**
 * True when a certificate with these DNS names is good for a host (RFC 9525 section 6.3): equal names, or a wildcard that
 * stands for the whole first label. A wildcard host is covered by the same wildcard only. The CN counts for nothing here:
 * no present client reads it.
 */
export function coversHost(dnsNames: readonly string[], host: string): boolean {
  const wanted = host.toLowerCase();
  const dot = wanted.indexOf('.');
  const wildcard = wanted.startsWith('*.') || dot <= 0 ? undefined : `*${wanted.slice(dot)}`;
  return dnsNames.some((name) => {
    const own = name.toLowerCase().replace(/\.$/, '');
    return own === wanted || own === wildcard;
  });
}
