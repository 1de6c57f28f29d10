import {
  type CertificateFields,
  COMMON_NAME,
  EMAIL_ADDRESS,
  escapeControls,
  type GeneralName,
  type Subtree,
} from '@postern/pki/plain';

/** Comparisons of names and limits for one validation; a real chain has some hundred, and this many take some 10 ms. */
export const NAME_COMPARISONS_MAX = 65_536;

const DNS_NAME = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const SMTP_UTF8_MAILBOX = '1.3.6.1.5.5.7.8.9';
const IA5_STRING = 22;

type Constraints = NonNullable<CertificateFields['nameConstraints']>;

/** True where a CA limits DNS names. */
export function limitsDnsNames({ nameConstraints }: CertificateFields): boolean {
  return [...(nameConstraints?.permitted ?? []), ...(nameConstraints?.excluded ?? [])].some(
    ({ base }) => base.type === 'dns',
  );
}

/** How many comparisons one certificate under one set of limits takes. */
export function comparisonsOf(fields: CertificateFields, { permitted, excluded }: Constraints): number {
  return (
    (fields.alternativeNames.length + fields.subject.relativeNames.length + 1) *
    (permitted.length + excluded.length)
  );
}

/**
 * Says which name of a certificate a CA above may not issue for; null where all are within its limits (RFC 5280 section 4.2.1.10).
 *
 * Beyond the RFC a leaf's CN is held to the DNS limits wherever it looks like a host, also beside DNS names; a trailing dot makes no
 * other name; a wildcard that could stand for an excluded name is one; a name that cannot be compared is outside.
 */
export function nameOutside(
  fields: CertificateFields,
  { isLeaf }: { readonly isLeaf: boolean },
  { permitted, excluded }: Constraints,
): string | null {
  for (const name of namesOf(fields, isLeaf)) {
    const of = (subtrees: readonly Subtree[]) => subtrees.filter(({ base }) => concerns(base, name));
    const allowed = of(permitted);
    const forbidden = of(excluded);
    if (allowed.length === 0 && forbidden.length === 0) continue;
    if ([...allowed, ...forbidden].some(({ hasDistance }) => hasDistance)) {
      return `${shown(name)} is limited in a way that RFC 5280 does not have`;
    }
    if (!isComparable(name)) return `${shown(name)} cannot be compared with the limits of a CA above`;
    if (forbidden.some(({ base }) => isWithin(name, base) || couldStandFor(name, base))) {
      return `${shown(name)} is excluded by a CA above`;
    }
    if (allowed.length > 0 && (isDotted(name) || !allowed.some(({ base }) => isWithin(name, base)))) {
      return `${shown(name)} is not among what a CA above may issue for`;
    }
  }
  // OpenSSL refuses these below any limit; so that both agree, they are refused here too.
  const isOdd = fields.subject.relativeNames
    .flat()
    .some(({ oid, tag }) => oid === EMAIL_ADDRESS && tag !== IA5_STRING);
  return isOdd ? 'an emailAddress of the subject is no IA5String' : null;
}

function namesOf({ subject, alternativeNames }: CertificateFields, isLeaf: boolean): GeneralName[] {
  const names: GeneralName[] = [...alternativeNames];
  if (subject.relativeNames.length > 0) names.push({ type: 'directory', name: subject });
  for (const { oid, text } of subject.relativeNames.flat()) {
    if (oid === EMAIL_ADDRESS) names.push({ type: 'email', text: text ?? '' });
    // A single label is a person or a machine to those who write it, and OpenSSL sees no host in it either.
    if (oid === COMMON_NAME && isLeaf && text !== null && looksLikeHost(text))
      names.push({ type: 'dns', text });
  }
  return names;
}

function looksLikeHost(text: string): boolean {
  return text.includes('\u0000') || (text.includes('.') && DNS_NAME.test(dnsOf(text)));
}

/** Kinds of names that a limit of this kind speaks about. */
function concerns(base: GeneralName, name: GeneralName): boolean {
  if (base.type === 'email' && name.type === 'other') return name.oid === SMTP_UTF8_MAILBOX;
  if (base.type === 'other' && name.type === 'other') return base.tag === name.tag;
  return base.type === name.type;
}

function isComparable(name: GeneralName): boolean {
  switch (name.type) {
    case 'dns':
      return DNS_NAME.test(dnsOf(name.text));
    case 'email':
      return /^[!-~]+@[!-~]+$/.test(name.text);
    case 'uri':
      return hostOfUri(name.text) !== null;
    case 'ip':
      return name.bytes.length === 4 || name.bytes.length === 16;
    case 'directory':
      return true;
    case 'other':
      return false;
  }
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  if (name.type === 'dns' && base.type === 'dns') return isBelow(dnsOf(name.text), dnsOf(base.text));
  if (name.type === 'email' && base.type === 'email') return isMailboxWithin(name.text, base.text);
  if (name.type === 'uri' && base.type === 'uri')
    return isHostWithin(hostOfUri(name.text) ?? '', base.text.toLowerCase());
  if (name.type === 'ip' && base.type === 'ip') return isAddressWithin(name.bytes, base.bytes);
  if (name.type === 'directory' && base.type === 'directory') {
    const { keys } = name.name;
    return base.name.keys.every((key, index) => keys[index] === key);
  }
  return false;
}

function dnsOf(text: string): string {
  return text.toLowerCase().replace(/\.$/, '');
}

/** The name itself or any below it; a leading dot leaves the name itself out, and an empty base is every name. */
function isBelow(name: string, base: string): boolean {
  if (base === '') return true;
  return (
    name === base || (name.length > base.length && name.endsWith(base.startsWith('.') ? base : `.${base}`))
  );
}

/** To OpenSSL a name with a trailing dot is another one, which nobody has permitted. */
function isDotted(name: GeneralName): boolean {
  return name.type === 'dns' && name.text.endsWith('.');
}

function couldStandFor(name: GeneralName, base: GeneralName): boolean {
  if (name.type !== 'dns' || base.type !== 'dns') return false;
  const own = dnsOf(name.text);
  return own.startsWith('*.') && dnsOf(base.text).endsWith(own.slice(1));
}

function isMailboxWithin(mailbox: string, base: string): boolean {
  const at = mailbox.lastIndexOf('@');
  const baseAt = base.lastIndexOf('@');
  if (baseAt >= 0 && mailbox.slice(0, at) !== base.slice(0, baseAt)) return false;
  return isHostWithin(mailbox.slice(at + 1).toLowerCase(), base.slice(baseAt + 1).toLowerCase());
}

/** Of mailboxes and URIs a limit is one host, or with a leading dot those below it. */
function isHostWithin(host: string, base: string): boolean {
  return base.startsWith('.') ? host.endsWith(base) && host.length > base.length : host === base;
}

function hostOfUri(uri: string): string | null {
  return /^[a-z][a-z0-9+.-]*:\/\/([a-z0-9_.-]+)(:\d*)?([/?#]|$)/i.exec(uri)?.[1]?.toLowerCase() ?? null;
}

function isAddressWithin(address: Buffer, base: Buffer): boolean {
  const { length } = address;
  if (base.length !== 2 * length) return false;
  return address.every((byte, index) => ((byte ^ (base[index] ?? 0)) & (base[length + index] ?? 0xff)) === 0);
}

function shown(name: GeneralName): string {
  switch (name.type) {
    case 'directory':
      return `the name ${name.name.text}`;
    case 'ip':
      return `the address ${name.bytes.toString('hex')}`;
    case 'other':
      return `a name of type ${name.oid ?? name.tag}`;
    case 'dns':
    case 'email':
    case 'uri':
      return `${name.type} "${escapeControls(name.text.slice(0, 80))}"`;
  }
}
