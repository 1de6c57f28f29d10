import { hash } from 'node:crypto';
import {
  CLIENT_IDENTITY_HEADERS_DEFAULT,
  type ClientIdentityHeaders,
  type HostDocument,
} from '@postern/contracts/plain';
import { type CertificateFields, formatRfc4514, readCertificateFields } from '@postern/pki/plain';
import type { ClientIdentity, Connection } from '../connection.ts';
import type { Field } from '../upstream/fields.ts';
import type { IdentityTokens } from './identity-token.ts';

/**
 * Characters of the value of one identity field. Apache and nginx refuse a request with a line over some 8,190, and one client's
 * chain must not cost it its requests; what would be longer is left out and named in X-Client-Omitted.
 */
const VALUE_CHARS_MAX = 7_900;

/** Lists what was left out. */
const OMITTED = 'X-Client-Omitted';

/** What an upstream is told of a client is made once for each, since it comes with every request. */
const made = new WeakMap<
  ClientIdentity,
  { readonly form: ClientIdentityHeaders; readonly fields: readonly Field[] }
>();

/** The same with the token said last: each is said many times. */
const withToken = new WeakMap<readonly Field[], { readonly token: string; readonly all: readonly Field[] }>();
const NOTHING: readonly Field[] = [];
const USUAL: NonNullable<HostDocument['clientIdentity']> = { headers: CLIENT_IDENTITY_HEADERS_DEFAULT };

/** A part of what is told, and the word that X-Client-Omitted has for it. */
interface Part {
  readonly word: string;
  readonly text: string;
}

/**
 * The fields by which an upstream learns who an admitted client is, in the form that its route names; none of other clients. Visible
 * ASCII only; names of the certificate that no field can carry are left out. docs/identity.md defines them.
 */
export function identityFields(
  connection: Connection,
  document: HostDocument,
  tokens: IdentityTokens,
): readonly Field[] {
  const { client } = connection;
  if (client === null) return NOTHING;
  const { headers, jwt } = document.clientIdentity ?? USUAL;
  const fields = fieldsOnce(client, headers);
  if (jwt === undefined) return fields;
  const token = tokens.tokenOf(client, document);
  if (token !== null) {
    const known = withToken.get(fields);
    if (known?.token === token) return known.all;
    const all: readonly Field[] = [...fields, ['X-Client-Jwt', token]];
    withToken.set(fields, { token, all });
    return all;
  }
  const omitted = fields.filter(([name]) => name === OMITTED).map(([, value]) => value);
  return [...fields.filter(([name]) => name !== OMITTED), ...omission([...omitted, 'x-client-jwt'])];
}

function fieldsOnce(client: ClientIdentity, form: ClientIdentityHeaders): readonly Field[] {
  const known = made.get(client);
  if (known?.form === form) return known.fields;
  const fields = fieldsOf(client, form);
  made.set(client, { form, fields });
  return fields;
}

function fieldsOf(client: ClientIdentity, form: ClientIdentityHeaders): Field[] {
  switch (form) {
    case 'client-cert':
      return bounded([
        ['Client-Cert', byteSequence(client.leafDer)],
        ['Client-Cert-Chain', client.chainDer.map(byteSequence).join(', ')],
      ]);
    case 'xfcc':
      return forwardedClientCert(client);
    case 'x-client':
      return structuredFields(client);
    case 'none':
      return [];
  }
}

/** RFC 8941 fields, each a value of its own. */
function structuredFields(client: ClientIdentity): Field[] {
  const leaf = readCertificateFields(client.leafDer);
  return bounded([
    ['X-Client-Verified', '?1'],
    ['X-Client-Cert-Fingerprint', text(client.fingerprint)],
    ['X-Client-Cert-Subject', text(formatRfc4514(leaf.subject))],
    ['X-Client-Cert-Issuer', text(formatRfc4514(leaf.issuer))],
    ['X-Client-Cert-Serial', text(leaf.serialNumber)],
    ['X-Client-Cert-Not-After', String(Math.floor(leaf.notAfter / 1_000))],
    ['X-Client-Dns-Names', client.names.dnsNames.map(text).join(', ')],
    ['X-Client-Uri-Names', uriNamesOf(leaf).map(text).join(', ')],
  ]);
}

/** Leaves out what is empty, and what is too long. */
function bounded(fields: readonly Field[]): Field[] {
  const told = fields.filter(([, value]) => value !== '');
  const kept = told.filter(([, value]) => value.length <= VALUE_CHARS_MAX);
  const omitted = told.filter((field) => !kept.includes(field)).map(([name]) => name.toLowerCase());
  return [...kept, ...omission(omitted)];
}

/** One element in Envoy's form; its members in Envoy's order. What does not fit is left out, the certificates first. */
function forwardedClientCert(client: ClientIdentity): Field[] {
  const leaf = readCertificateFields(client.leafDer);
  const names = [
    ...uriNamesOf(leaf).map((name) => ({ word: 'xfcc-names', text: `URI=${quoteWhereNeeded(name)}` })),
    ...client.names.dnsNames.map((name) => ({ word: 'xfcc-names', text: `DNS=${quoteWhereNeeded(name)}` })),
  ];
  const pem = [client.leafDer, ...client.chainDer].map(encodedPem);
  const hashed: Part = { word: 'xfcc-hash', text: `Hash=${hash('sha256', client.leafDer, 'hex')}` };
  const subject: Part = { word: 'xfcc-subject', text: `Subject="${formatRfc4514(leaf.subject)}"` };
  const cert: Part = { word: 'xfcc-cert', text: `Cert="${pem[0] ?? ''}"` };
  const chain: Part = { word: 'xfcc-chain', text: `Chain="${pem.join('')}"` };
  let left = VALUE_CHARS_MAX;
  const fitting = new Set<Part>();
  const omitted = new Set<string>();
  for (const part of [hashed, subject, ...names, cert, chain]) {
    if (part.text.length + 1 > left) omitted.add(part.word);
    else {
      left -= part.text.length + 1;
      fitting.add(part);
    }
  }
  const told = [hashed, cert, chain, subject, ...names].filter((part) => fitting.has(part));
  return [['X-Forwarded-Client-Cert', told.map((part) => part.text).join(';')], ...omission([...omitted])];
}

function omission(words: readonly string[]): Field[] {
  return words.length === 0 ? [] : [[OMITTED, words.join(', ')]];
}

/** URIs of the certificate without those that are none: quoting rules of header fields are not to be tested on them. */
function uriNamesOf({ alternativeNames }: CertificateFields): string[] {
  return alternativeNames.flatMap((name) =>
    name.type === 'uri' && /^[!#-[\]-~]+$/.test(name.text) ? [name.text] : [],
  );
}

/** Envoy's rule: a value with ",", ";" or "=" stands in quotes. Names with a quotation mark or backslash never come here. */
function quoteWhereNeeded(name: string): string {
  return /[,;=]/.test(name) ? `"${name}"` : name;
}

/** PEM with the characters escaped that Envoy escapes. */
function encodedPem(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`.replace(
    /[\n +/=]/g,
    (character) => encodeURIComponent(character),
  );
}

/** A structured field byte sequence (RFC 8941 section 3.3.5). */
function byteSequence(bytes: Buffer): string {
  return `:${bytes.toString('base64')}:`;
}

/** A structured field string (RFC 8941 section 3.3.3) of visible ASCII. */
function text(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
