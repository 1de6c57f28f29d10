import { createPrivateKey, createPublicKey } from 'node:crypto';
import { basename } from 'node:path';
import { LIMITS, resourceName, type SecretInput, type SecretType } from '@postern/contracts';
import { CliFailure, usageFailure } from '../cli-failure.ts';
import { parseSpanSeconds } from '../commands/time-flags.ts';
import { nameOfInput, readInputFile } from '../read-input-file.ts';
import { pemTextOf } from './pem-text.ts';

/** The flags of `secret create` that carry values. */
export interface SecretFlags {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
  readonly literal?: readonly string[] | undefined;
  readonly 'from-file'?: readonly string[] | undefined;
  readonly 'secret-key'?: string | undefined;
  readonly 'secret-key-literal'?: string | undefined;
  readonly 'private-key'?: string | undefined;
  readonly 'public-key'?: string | undefined;
  readonly 'extract-public-key'?: boolean | undefined;
  readonly crl?: string | undefined;
  readonly url?: string | undefined;
  readonly refresh?: string | undefined;
  readonly 'tls-ca'?: string | undefined;
  readonly policy?: string | undefined;
}

/** Which flags belong to which type of secret. */
export const FLAGS_OF_TYPE: Readonly<Record<SecretType, readonly (keyof SecretFlags)[]>> = {
  'tls-ca': ['cert'],
  tls: ['cert', 'key', 'ca'],
  generic: ['literal', 'from-file'],
  symmetric: ['secret-key', 'secret-key-literal'],
  asymmetric: ['private-key', 'public-key', 'extract-public-key'],
  crl: ['crl', 'url', 'refresh', 'tls-ca', 'policy'],
};

/** A secret as the flags give it, and the file behind each of its parts (JSON pointer into the input). */
export interface SecretReading {
  readonly input: SecretInput;
  readonly files: ReadonlyMap<string, string>;
}

/** Reads what the flags of one secret type name. Missing, foreign or contradicting flags are usage failures. */
export function readSecretFlags(type: SecretType, flags: SecretFlags): SecretReading {
  refuseForeignFlags(type, flags);
  const files = new Map<string, string>();
  const pem = (
    flag: 'cert' | 'key' | 'ca' | 'private-key' | 'public-key',
    part: string,
    path: string,
  ): string => {
    files.set(`/${part}`, nameOfInput(path));
    return readPemText(path, flag);
  };
  switch (type) {
    case 'tls-ca':
      return { input: { type, cert: pem('cert', 'cert', needed(type, 'cert', flags.cert)) }, files };
    case 'tls': {
      const cert = pem('cert', 'cert', needed(type, 'cert', flags.cert));
      const key = pem('key', 'key', needed(type, 'key', flags.key));
      const ca = flags.ca === undefined ? {} : { ca: pem('ca', 'ca', flags.ca) };
      return { input: { type, cert, key, ...ca }, files };
    }
    case 'generic':
      return { input: { type, data: readGeneric(flags, files) }, files };
    case 'crl': {
      const ca = resourceName.safeParse(flags['tls-ca']);
      if (!ca.success)
        throw usageFailure('a crl secret needs --tls-ca NAME, the secret that holds its issuer');
      const policy = flags.policy === 'soft' ? 'soft' : 'hard';
      return { input: { type, ca: { name: ca.data }, ...listOf(flags, files), policy }, files };
    }
    case 'symmetric':
      return { input: { type, secretKey: readSymmetric(flags).toString('base64') }, files };
    case 'asymmetric': {
      const privatePath = flags['private-key'];
      const publicPath = flags['public-key'];
      if (privatePath === undefined && publicPath === undefined) {
        throw usageFailure('an asymmetric secret needs --private-key, --public-key or both');
      }
      const privateKey =
        privatePath === undefined ? undefined : pem('private-key', 'privateKey', privatePath);
      const publicKey =
        flags['extract-public-key'] === true
          ? extractPublicKey(privatePath, privateKey, publicPath)
          : publicPath === undefined
            ? undefined
            : pem('public-key', 'publicKey', publicPath);
      return {
        input: {
          type,
          ...(privateKey === undefined ? {} : { privateKey }),
          ...(publicKey === undefined ? {} : { publicKey }),
        },
        files,
      };
    }
  }
}

function refuseForeignFlags(type: SecretType, flags: SecretFlags): void {
  const own = FLAGS_OF_TYPE[type];
  for (const [name, value] of Object.entries(flags)) {
    const isValue = Object.values(FLAGS_OF_TYPE).some((names) => names.some((other) => other === name));
    if (!isValue || value === undefined || value === false || own.some((other) => other === name)) continue;
    throw usageFailure(
      `--${name} does not belong to a ${type} secret`,
      `it takes ${own.map((other) => `--${other}`).join(', ')}`,
    );
  }
}

function needed(type: SecretType, flag: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw usageFailure(`a ${type} secret needs --${flag} FILE`);
}

/** The list itself, or where it is fetched. */
function listOf(
  { crl, url, refresh }: SecretFlags,
  files: Map<string, string>,
): { crl: string } | { url: string; refreshSeconds?: number } {
  if ((crl === undefined) === (url === undefined))
    throw usageFailure('a crl secret needs either --crl FILE or --url URL');
  if (url === undefined) {
    if (refresh !== undefined)
      throw usageFailure('--refresh needs --url: a list that is sent stays as it is');
    files.set('/crl', nameOfInput(crl ?? ''));
    return { crl: readList(crl ?? '') };
  }
  if (refresh === undefined) return { url };
  const [min, max] = [LIMITS.crlRefreshSecondsMin, LIMITS.crlRefreshSecondsMax];
  return { url, refreshSeconds: parseSpanSeconds(refresh, '--refresh', { min, max }) };
}

/** A revocation list as PEM text; lists mostly come as DER. */
function readList(path: string): string {
  const bytes = readInputFile(path, '--crl', LIMITS.crlBytesMax);
  if (bytes[0] !== 0x30) return pemTextOf(bytes, path, 'crl');
  const lines = bytes.toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN X509 CRL-----\n${lines.trimEnd()}\n-----END X509 CRL-----\n`;
}

function readPemText(path: string, flag: string): string {
  return pemTextOf(readInputFile(path, `--${flag}`, LIMITS.secretBytesMax), path, flag);
}

function readGeneric(flags: SecretFlags, files: Map<string, string>): Record<string, string> {
  const data = new Map<string, string>();
  const add = (key: string, value: Buffer): void => {
    if (data.has(key)) throw usageFailure(`the key "${key}" is given twice`);
    data.set(key, value.toString('base64'));
  };
  for (const text of flags.literal ?? []) {
    const equals = text.indexOf('=');
    // The text may be the secret itself: it is not repeated in the message.
    if (equals <= 0) throw usageFailure('--literal needs KEY=VALUE');
    add(text.slice(0, equals), Buffer.from(text.slice(equals + 1), 'utf8'));
  }
  for (const text of flags['from-file'] ?? []) {
    const equals = text.indexOf('=');
    const path = equals > 0 ? text.slice(equals + 1) : text;
    const key = equals > 0 ? text.slice(0, equals) : basename(path);
    files.set(`/data/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, nameOfInput(path));
    add(key, readInputFile(path, '--from-file', LIMITS.secretBytesMax));
  }
  if (data.size === 0)
    throw usageFailure('a generic secret needs --literal KEY=VALUE or --from-file KEY=FILE');
  return Object.fromEntries(data);
}

function readSymmetric(flags: SecretFlags): Buffer {
  const path = flags['secret-key'];
  const literal = flags['secret-key-literal'];
  if ((path === undefined) === (literal === undefined)) {
    throw usageFailure('a symmetric secret needs either --secret-key FILE or --secret-key-literal TEXT');
  }
  const bytes =
    path === undefined
      ? Buffer.from(literal ?? '', 'utf8')
      : readInputFile(path, '--secret-key', LIMITS.secretBytesMax);
  if (bytes.length === 0) throw usageFailure('the key of a symmetric secret is empty');
  return bytes;
}

function extractPublicKey(
  path: string | undefined,
  privateKey: string | undefined,
  publicPath: string | undefined,
): string {
  if (publicPath !== undefined)
    throw usageFailure('--extract-public-key and --public-key exclude each other');
  if (path === undefined || privateKey === undefined)
    throw usageFailure('--extract-public-key needs --private-key');
  try {
    return createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    // OpenSSL's words could quote the input.
    throw new CliFailure(
      'validation_failed',
      `${nameOfInput(path)} is not an unencrypted private key in PEM`,
    );
  }
}
