import { readSubjectNames } from '@postern/pki';
import { describe, expect, test } from 'vitest';
import {
  alternativeNames,
  CA_EXTENSIONS,
  CN,
  der,
  directory,
  dns,
  email,
  forgeCertificate,
  ip,
  type NameInput,
  nameConstraints,
  newKey,
  otherName,
  uri,
} from '../../testing/forge-certificate.ts';
import { compileMatchers } from '../compile-matchers.ts';
import { readAnchors } from './path-node.ts';
import { validatePath } from './validate-path.ts';

const KEY = newKey();
const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';
const SMTP_UTF8_MAILBOX = '1.3.6.1.5.5.7.8.9';
const O = '2.5.4.10';

interface Limits {
  readonly permitted?: readonly Buffer[];
  readonly excluded?: readonly Buffer[];
}

/** The verdict on a leaf below a CA with limits; `limits` null is a CA without any. */
function judge(limits: Limits | null, subject: NameInput, ...names: readonly Buffer[]): string {
  const anchor = forgeCertificate({
    subject: 'root',
    issuer: 'root',
    key: KEY,
    issuerKey: KEY,
    extensions: limits === null ? CA_EXTENSIONS : [...CA_EXTENSIONS, nameConstraints(limits)],
  });
  const leaf = forgeCertificate({
    subject,
    issuer: 'root',
    key: KEY,
    issuerKey: KEY,
    extensions: names.length === 0 ? [] : [alternativeNames(...names)],
  });
  const result = validatePath({
    chain: [leaf],
    anchors: readAnchors([anchor]),
    now: Date.now(),
    purpose: 'clientAuth',
  });
  return result.verdict === 'admit' ? 'admit' : result.reason;
}

const ACME: Limits = { permitted: [dns('acme.org')] };
const NO_ADMIN: Limits = { excluded: [dns('admin.acme.org')] };

test.each<[string, Limits, NameInput, readonly Buffer[], boolean]>([
  ['the name itself', ACME, 'x', [dns('acme.org')], true],
  ['a name below', ACME, 'x', [dns('a.b.ACME.org')], true],
  ['a name that only ends alike', ACME, 'x', [dns('evil-acme.org')], false],
  ['one name within, one without', ACME, 'x', [dns('a.acme.org'), dns('evil.org')], false],
  ['a CN without', ACME, 'evil.org', [], false],
  ['a CN without, beside a name within', ACME, 'evil.org', [dns('a.acme.org')], false],
  ['a CN that is no host', ACME, 'Jane Doe', [], true],
  ['a CN with NUL', ACME, 'a.acme.org\u0000.evil.org', [], false],
  ['a name with NUL', ACME, 'x', [dns('a.acme.org\u0000')], false],
  ['an empty name', ACME, 'x', [dns('')], false],
  ['a wildcard within', ACME, 'x', [dns('*.acme.org')], true],
  ['a name within, with a trailing dot', ACME, 'x', [dns('a.acme.org.')], false],
  ['an excluded name', NO_ADMIN, 'x', [dns('admin.acme.org')], false],
  ['an excluded name with a trailing dot', NO_ADMIN, 'x', [dns('admin.acme.org.')], false],
  ['a name below an excluded one', NO_ADMIN, 'x', [dns('a.admin.acme.org')], false],
  ['a wildcard that could stand for an excluded name', NO_ADMIN, 'x', [dns('*.acme.org')], false],
  ['a name beside an excluded one', NO_ADMIN, 'x', [dns('user.acme.org')], true],
  ['names below alone (leading dot)', { permitted: [dns('.acme.org')] }, 'x', [dns('acme.org')], false],
  ['every name (empty limit)', { excluded: [dns('')] }, 'x', [dns('acme.org')], false],
  ['an address within', { permitted: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }, 'x', [ip(10, 9, 8, 7)], true],
  ['an address without', { permitted: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }, 'x', [ip(11, 9, 8, 7)], false],
  [
    'an address of the other kind',
    { permitted: [ip(10, 0, 0, 0, 255, 0, 0, 0)] },
    'x',
    [ip(...new Array<number>(16).fill(0))],
    false,
  ],
  ['an address of no length', { excluded: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }, 'x', [ip(10, 1)], false],
  ['a mailbox at the host', { permitted: [email('acme.org')] }, 'x', [email('a@ACME.org')], true],
  ['a mailbox at a host below', { permitted: [email('acme.org')] }, 'x', [email('a@b.acme.org')], false],
  ['a mailbox below a domain', { permitted: [email('.acme.org')] }, 'x', [email('a@b.acme.org')], true],
  ['one mailbox', { permitted: [email('Jane@acme.org')] }, 'x', [email('jane@acme.org')], false],
  ['no mailbox at all', { permitted: [email('acme.org')] }, 'x', [email('acme.org')], false],
  [
    'an emailAddress of the subject',
    { permitted: [email('acme.org')] },
    [[[EMAIL_ADDRESS, 22, 'a@evil.org']]],
    [],
    false,
  ],
  ['an emailAddress that is no IA5String', ACME, [[[EMAIL_ADDRESS, 12, 'a@acme.org']]], [], false],
  [
    'an internationalised mailbox',
    { permitted: [email('acme.org')] },
    'x',
    [otherName(SMTP_UTF8_MAILBOX, 'a@evil.org')],
    false,
  ],
  ['a URI at the host', { permitted: [uri('acme.org')] }, 'x', [uri('https://ACME.org:8443/x')], true],
  [
    'a URI whose user looks like the host',
    { permitted: [uri('acme.org')] },
    'x',
    [uri('https://acme.org@evil.org/')],
    false,
  ],
  ['a URI without a host', { excluded: [uri('acme.org')] }, 'x', [uri('urn:x')], false],
  [
    'a subject within',
    { permitted: [directory([[[O, 12, 'Acme']]])] },
    [[[O, 19, 'ACME']], [[CN, 12, 'x']]],
    [],
    true,
  ],
  ['a subject without', { permitted: [directory([[[O, 12, 'Acme']]])] }, 'x', [], false],
  [
    'a directory name without',
    { permitted: [directory([[[O, 12, 'Acme']]])] },
    [[[O, 12, 'Acme']]],
    [directory('x')],
    false,
  ],
  [
    'another kind of name, limited',
    { excluded: [otherName('1.2.3', 'x')] },
    'x',
    [otherName('1.2.3', 'y')],
    false,
  ],
  ['another kind of name, not limited', ACME, 'x', [otherName('1.2.3', 'y')], true],
])('name constraints: %s', (_, limits, subject, names, admitted) => {
  expect(judge(limits, subject, ...names)).toBe(admitted ? 'admit' : 'certificate_invalid');
  // Without the limits each is admitted: nothing else refuses it.
  expect(judge(null, subject, ...names)).toBe('admit');
});

test('limits hold for CAs below too, but not for one that renews its own key', () => {
  const anchor = forgeCertificate({
    ...{ subject: 'root', issuer: 'root', key: KEY, issuerKey: KEY },
    extensions: [...CA_EXTENSIONS, nameConstraints({ permitted: [directory([[[O, 12, 'Acme']]])] })],
  });
  const [middleKey, leafKey] = [newKey(), newKey()];
  const verdictBelow = (name: NameInput) => {
    const middle = forgeCertificate({
      subject: name,
      issuer: 'root',
      key: middleKey,
      issuerKey: KEY,
      extensions: CA_EXTENSIONS,
    });
    const leaf = forgeCertificate({
      subject: [[[O, 12, 'Acme']]],
      issuer: name,
      key: leafKey,
      issuerKey: middleKey,
    });
    return validatePath({
      chain: [leaf, middle],
      anchors: readAnchors([anchor]),
      now: Date.now(),
      purpose: 'clientAuth',
    }).verdict;
  };
  expect(verdictBelow([[[O, 12, 'Acme']], [[CN, 12, 'middle']]])).toBe('admit');
  expect(verdictBelow('middle')).toBe('refuse');
  expect(verdictBelow('root')).toBe('admit');
});

describe('crafted names match nothing that they should not', () => {
  const matchers = compileMatchers([{ exact: 'admin.acme.org' }, { hasSuffix: '.trusted.org' }]);
  const hitOf = (subject: NameInput, ...names: readonly Buffer[]): string | null => {
    const leaf = forgeCertificate({
      ...{ subject, issuer: 'root', key: KEY, issuerKey: KEY },
      extensions: names.length === 0 ? [] : [alternativeNames(...names)],
    });
    if (!matchers.ok) throw new Error('matchers');
    return matchers.judge(readSubjectNames(leaf))?.name ?? null;
  };
  const utf16 = (text: string) => Buffer.from(text, 'utf16le').swap16();

  test.each<[string, NameInput, readonly Buffer[]]>([
    ['NUL in a CN', 'admin.acme.org\u0000.evil.org', []],
    ['NUL before a suffix', 'evil.org\u0000.trusted.org', []],
    ['a newline', 'evil\n.trusted.org', []],
    ['/CN= inside a value', [[[O, 12, 'x/CN=admin.acme.org']]], []],
    ['a comma', 'evil.org, CN=admin.acme.org', []],
    ['the name in another attribute', [[[O, 12, 'admin.acme.org']], [['2.5.4.11', 12, 'a.trusted.org']]], []],
    ['BMPString of the UTF-8 bytes', [[[CN, 30, 'admin.acme.org']]], []],
    ['BMPString with a surrogate', [[[CN, 30, utf16('\u{1d41a}.trusted.org')]]], []],
    ['BMPString with NUL', [[[CN, 30, utf16('admin.acme.org\u0000')]]], []],
    ['BMPString of odd length', [[[CN, 30, utf16('admin.acme.org').subarray(1)]]], []],
    ['overlong UTF-8', [[[CN, 12, Buffer.from('61646d696ec0ae61636d652e6f7267', 'hex')]]], []],
    ['UTF-8 that is none', [[[CN, 12, Buffer.from('\u00ff.trusted.org', 'latin1')]]], []],
    ['Latin-1 in a TeletexString', [[[CN, 20, Buffer.from('\u00e4.trusted.org', 'latin1')]]], []],
    ['a CN that is an OCTET STRING', [[[CN, 4, 'admin.acme.org']]], []],
    ['a CN that is a SEQUENCE', [[[CN, 0x30, der(12, Buffer.from('admin.acme.org'))]]], []],
    ['a right-to-left override', '\u202e.trusted.org', []],
    ['Kelvin sign and long s', 'a.tru\u017fted.org', []],
    ['full-width letters', '\uff41dmin.acme.org', []],
    ['the name in an otherName', 'x', [otherName('1.3.6.1.4.1.311.20.2.3', 'admin.acme.org')]],
    [
      'the name as URI, mailbox and directory name',
      'x',
      [uri('admin.acme.org'), email('admin.acme.org'), directory('admin.acme.org')],
    ],
    ['a wildcard', 'x', [dns('*.acme.org')]],
    ['"DNS:" inside a DNS name', 'x', [dns('evil.org, DNS:admin.acme.org')]],
    ['NUL in a DNS name', 'x', [dns('admin.acme.org\u0000.evil.org')]],
    ['a space in a DNS name', 'x', [dns(' admin.acme.org')]],
    ['UTF-8 in a DNS name', 'x', [dns(Buffer.from('\u00e4.trusted.org'))]],
    ['an address written as a DNS name', 'x', [dns('10.0.0.1')]],
  ])('%s', (_, subject, names) => {
    expect(hitOf(subject, ...names)).toBeNull();
  });

  test.each<[string, NameInput, readonly Buffer[]]>([
    ['BMPString', [[[CN, 30, utf16('admin.acme.org')]]], []],
    ['PrintableString', [[[CN, 19, 'ADMIN.acme.org']]], []],
    [
      'the second value of a multi-valued name',
      [
        [
          [O, 12, 'x'],
          [CN, 12, 'admin.acme.org'],
        ],
      ],
      [],
    ],
    [
      'any of several CNs, in any order',
      [[[CN, 12, 'other']], [[CN, 12, 'admin.acme.org']], [[CN, 12, 'last']]],
      [],
    ],
    ['a DNS name with a trailing dot', 'x', [dns('Admin.acme.org.')]],
  ])('and what is meant still matches: %s', (_, subject, names) => {
    expect(hitOf(subject, ...names)).not.toBeNull();
  });
});
