import { parse } from 'tldts';

/**
 * The domain that somebody has registered a name under, by the public suffix list: `example.co.uk` for
 * `*.a.example.co.uk`. CAs count certificates by it. A name that is itself a public suffix stands for itself.
 */
export function registeredDomainOf(name: string): string {
  const host = name.replace(/^\*\./, '');
  return parse(host, { allowPrivateDomains: true }).domain ?? host;
}

/** True for names below a suffix of the public suffix list: the only ones that CAs of the web issue for. */
export function isPublicName(name: string): boolean {
  const { isIcann, isPrivate, domain } = parse(name.replace(/^\*\./, ''), { allowPrivateDomains: true });
  return domain !== null && (isIcann === true || isPrivate === true);
}
