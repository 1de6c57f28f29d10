import { createHash, timingSafeEqual } from 'node:crypto';
import { type HttpBasic, PosternError } from '@postern/contracts/plain';
import type { Field, FieldList } from '../upstream/fields.ts';

/** Stands in for an unknown user, so that the same work is done for every name. */
const NO_USER = `sha256:${Buffer.alloc(32).toString('base64')}`;

/**
 * Demands the name and password of a user (RFC 7617, UTF-8); throws `basic_credentials_required`.
 *
 * Digests are compared in constant time, and an unknown user costs what a known one does.
 */
export function requireBasicCredentials(fields: FieldList, policy: HttpBasic): void {
  const credentials = readCredentials(fields);
  const known = credentials !== undefined && Object.hasOwn(policy.passwordHashes, credentials.user);
  const stored = (known ? policy.passwordHashes[credentials.user] : undefined) ?? NO_USER;
  const colon = stored.indexOf(':');
  const expected = Buffer.from(stored.slice(colon + 1), 'base64');
  const given = createHash(stored.slice(0, colon))
    .update(credentials?.password ?? '')
    .digest();
  const equal = expected.length === given.length && timingSafeEqual(expected, given);
  if (!known || !equal) {
    throw new PosternError('basic_credentials_required', {
      detail: 'A known user name and its password are needed (HTTP basic authentication).',
    });
  }
}

/** The WWW-Authenticate field of the demand. */
export function basicChallenge(policy: HttpBasic): Field {
  const realm = policy.realm.replace(/["\\]/g, '\\$&');
  return ['www-authenticate', `Basic realm="${realm}", charset="UTF-8"`];
}

function readCredentials(fields: FieldList): { user: string; password: string } | undefined {
  const [value, ...more] = fields.valuesOf('authorization');
  const match = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(value ?? '');
  if (match?.[1] === undefined || more.length > 0) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
