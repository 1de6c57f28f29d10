import { pointerOf, type RouteDescriptor, resourceName } from '@postern/contracts';
import { checkLost, isObject, notCarried } from './imported.ts';
import type { KrakendReading } from './krakend-reading.ts';

/** The versions that KrakenD knows; it takes any other word for TLS13 without saying so. */
const VERSIONS = ['SSL3.0', 'TLS10', 'TLS11', 'TLS12', 'TLS13'];
/** KrakenD's own defaults, used where only one half of the pair is named. */
const PAIR = { public_key: './certs/cert.pem', private_key: './certs/key.pem' } as const;

/** Left behind without harm, and why. */
const HARMLESS: Readonly<Record<string, string>> = {
  cipher_suites: 'the edge offers AEAD suites with ECDHE only, on every host',
  curve_preferences: 'the edge offers the curves of OpenSSL, strongest first',
  prefer_server_cipher_suites: 'it has no effect in KrakenD either',
};

type Tls = Record<string, unknown>;

/** Reads the `tls` object: what becomes the route's `tls`, with a finding or a step for all of it. */
export function readKrakendTls(value: unknown, reading: KrakendReading): RouteDescriptor['tls'] {
  if (value === undefined) return undefined;
  if (value === null) {
    reading.found(notCarried('/tls', 'TLS was off; Postern serves nothing without it'));
    return undefined;
  }
  if (!isObject(value)) {
    reading.notMade('/tls', 'this is not an object');
    return undefined;
  }
  if (Object.keys(value).length === 0) reading.found(notCarried('/tls', 'it says nothing'));
  for (const [key, part] of Object.entries(value)) readOther(key, part, reading);
  const ca = readClientCa(value, reading);
  const certificate = readPairs(value, reading);
  if (ca === undefined && certificate === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : { clientValidationCa: { name: resourceName.parse(ca) } }),
    ...(certificate === undefined ? {} : { serverCertificate: { name: resourceName.parse(certificate) } }),
  };
}

const READ_ELSEWHERE = [
  'enable_mtls',
  'ca_certs',
  'disable_system_ca_pool',
  'public_key',
  'private_key',
  'keys',
];

function readOther(key: string, value: unknown, reading: KrakendReading): void {
  const pointer = pointerOf(['tls', key]);
  if (READ_ELSEWHERE.includes(key)) return;
  if (Object.hasOwn(HARMLESS, key)) reading.found(notCarried(pointer, HARMLESS[key] ?? ''));
  else if (key === 'disabled') {
    if (value === true) reading.found(notCarried(pointer, 'TLS was off; Postern serves nothing without it'));
    else if (value !== false) reading.notMade(pointer, 'this is neither true nor false');
  } else if (key === 'min_version' || key === 'max_version') readVersion(key, value, pointer, reading);
  else
    reading.found(
      checkLost(pointer, `"${key}" is not known here, so that it may be a check: it is not carried over`),
    );
}

function readVersion(
  key: 'min_version' | 'max_version',
  value: unknown,
  pointer: string,
  reading: KrakendReading,
): void {
  if (typeof value !== 'string' || !VERSIONS.includes(value)) {
    reading.notMade(pointer, `expected one of ${VERSIONS.join(', ')}`, 'KrakenD itself takes this for TLS13');
  } else if (key === 'max_version') {
    reading.found(notCarried(pointer, 'every edge offers TLS up to 1.3'));
  } else if (value === 'TLS13') {
    const message = 'clients with TLS 1.2 are admitted: the version belongs to the edge, not to a route';
    reading.found(checkLost(pointer, message, 'set POSTERN_TLS_MIN_VERSION=1.3 where the edge runs'));
  } else reading.found(notCarried(pointer, 'every edge demands TLS 1.2 at least'));
}

/** The name of the secret whose CA clients must show; undefined where everybody is admitted. */
function readClientCa(tls: Tls, reading: KrakendReading): string | undefined {
  const { enable_mtls: demands = false, ca_certs: files = [], disable_system_ca_pool: only = false } = tls;
  if (typeof demands !== 'boolean') {
    reading.notMade('/tls/enable_mtls', 'this is neither true nor false');
    leave(tls, ['ca_certs', 'disable_system_ca_pool'], 'unclear without enable_mtls', reading);
    return undefined;
  }
  if (!demands) {
    leave(tls, ['ca_certs', 'disable_system_ca_pool'], 'no effect: enable_mtls is not set', reading);
    return undefined;
  }
  if (typeof only !== 'boolean') {
    reading.notMade('/tls/disable_system_ca_pool', 'this is neither true nor false');
  }
  if (
    !Array.isArray(files) ||
    !files.every((file): file is string => typeof file === 'string' && file !== '')
  ) {
    reading.notMade('/tls/ca_certs', 'this is not a list of files');
    return undefined;
  }
  if (files.length === 0) {
    const hint = 'name the CA of your clients in ca_certs and import again';
    reading.notMade(
      '/tls',
      'clients of any CA of the system are trusted, and a route trusts only a CA it names',
      hint,
    );
    return undefined;
  }
  if (only !== true) {
    const message = 'clients of the CAs of the system are refused: a route trusts only the CA it names';
    reading.found(
      notCarried('disable_system_ca_pool' in tls ? '/tls/disable_system_ca_pool' : '/tls', message),
    );
  }
  const secret = `${reading.name}-ca`;
  const words = files.map(quote).join(' ');
  reading.steps.push(
    files.length === 1
      ? `postern secret create tls-ca ${secret} --cert ${words}`
      : `cat ${words} | postern secret create tls-ca ${secret} --cert -`,
  );
  return secret;
}

/** The name of the secret with the server certificate; undefined where Postern gets one itself. */
function readPairs(tls: Tls, reading: KrakendReading): string | undefined {
  const { keys } = tls;
  if (keys !== undefined && !Array.isArray(keys))
    reading.notMade('/tls/keys', 'this is not a list of key pairs');
  const list = Array.isArray(keys)
    ? keys.map((pair: unknown, index) => ({ pair, path: ['tls', 'keys', index] }))
    : [];
  if (list.length === 0 && Array.isArray(keys)) reading.found(notCarried('/tls/keys', 'the list is empty'));
  const legacy = tls.public_key !== undefined || tls.private_key !== undefined;
  if (legacy) {
    const { public_key = PAIR.public_key, private_key = PAIR.private_key } = tls;
    list.unshift({ pair: { public_key, private_key }, path: ['tls'] });
  }
  const [first, ...more] = list;
  for (const { path } of more) {
    const message = 'a route has one certificate: for the other hosts import again with another --hostname';
    reading.found(notCarried(pointerOf(path), message));
  }
  if (first === undefined) return undefined;
  const pair = readPair(first.pair, first.path, reading);
  if (pair === undefined) return undefined;
  const secret = `${reading.name}-tls`;
  reading.steps.push(
    `postern secret create tls ${secret} --cert ${quote(pair.cert)} --key ${quote(pair.key)}`,
  );
  return secret;
}

function readPair(
  value: unknown,
  path: readonly PropertyKey[],
  reading: KrakendReading,
): { cert: string; key: string } | undefined {
  const { public_key: cert, private_key: key, ...others } = isObject(value) ? value : {};
  for (const other of Object.keys(others)) {
    reading.found(
      checkLost(pointerOf([...path, other]), `"${other}" is not known here: it is not carried over`),
    );
  }
  if (typeof cert === 'string' && typeof key === 'string' && cert !== '' && key !== '') return { cert, key };
  reading.notMade(pointerOf(path), 'a key pair names the files public_key and private_key');
  return undefined;
}

function leave(tls: Tls, keys: readonly string[], why: string, reading: KrakendReading): void {
  for (const key of keys) if (key in tls) reading.found(notCarried(pointerOf(['tls', key]), why));
}

function quote(file: string): string {
  return /^[\w@%+=:,./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
