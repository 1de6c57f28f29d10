import type { RevocationResource } from '@postern/contracts';

/** Which certificates a revocation names, in a few words. */
export function describeRevoked({ client }: Pick<RevocationResource, 'client'>): string {
  switch (client.by) {
    case 'fingerprint':
      return `sha256:${client.fingerprint}`;
    case 'serial':
      return `serial ${client.serialNumber} of ${client.issuer}`;
    case 'subject':
      return `name ${client.subject}`;
  }
}

/** Where a revocation holds. */
export function scopeOf({ route, ca }: Pick<RevocationResource, 'route' | 'ca'>): string {
  const parts = [route === null ? '' : `route ${route}`, ca === null ? '' : `CA ${ca}`];
  return parts.filter((part) => part !== '').join(', ') || 'project';
}
