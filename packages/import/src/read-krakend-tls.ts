import { pointerOf } from '@postern/contracts';
import { checkLost, isObject, notCarried } from './imported.ts';
import type { KeyPair } from './krakend-hosts.ts';
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

/** What of a `tls` object goes on into routes. */
export interface KrakendTls {
  /** Files whose CAs clients must show; none where everybody is admitted. */
  readonly clientCas: readonly string[];
  /** In the order in which KrakenD tries them; none where Postern gets certificates itself. */
  readonly pairs: readonly KeyPair[];
}

const OPEN: KrakendTls = { clientCas: [], pairs: [] };

/** Reads the `tls` object, with a finding for all that does not go on. */
export function readKrakendTls(value: unknown, reading: KrakendReading): KrakendTls {
  if (value === undefined) return OPEN;
  if (value === null) {
    reading.found(notCarried('/tls', 'TLS was off; Postern serves nothing without it'));
    return OPEN;
  }
  if (!isObject(value)) {
    reading.notMade('/tls', 'this is not an object');
    return OPEN;
  }
  if (Object.keys(value).length === 0) reading.found(notCarried('/tls', 'it says nothing'));
  for (const [key, part] of Object.entries(value)) readOther(key, part, reading);
  return { clientCas: readClientCas(value, reading), pairs: readPairs(value, reading) };
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

/** The files of the CAs that clients must show; none where everybody is admitted, or no route is made. */
function readClientCas(tls: Tls, reading: KrakendReading): readonly string[] {
  const { enable_mtls: demands = false, ca_certs: files = [], disable_system_ca_pool: only = false } = tls;
  if (typeof demands !== 'boolean') {
    reading.notMade('/tls/enable_mtls', 'this is neither true nor false');
    leave(tls, ['ca_certs', 'disable_system_ca_pool'], 'unclear without enable_mtls', reading);
    return [];
  }
  if (!demands) {
    leave(tls, ['ca_certs', 'disable_system_ca_pool'], 'no effect: enable_mtls is not set', reading);
    return [];
  }
  if (typeof only !== 'boolean') {
    reading.notMade('/tls/disable_system_ca_pool', 'this is neither true nor false');
  }
  if (
    !Array.isArray(files) ||
    !files.every((file): file is string => typeof file === 'string' && file !== '')
  ) {
    reading.notMade('/tls/ca_certs', 'this is not a list of files');
    return [];
  }
  if (files.length === 0) {
    const hint = 'name the CA of your clients in ca_certs and import again';
    reading.notMade(
      '/tls',
      'clients of any CA of the system are trusted, and a route trusts only a CA it names',
      hint,
    );
    return [];
  }
  if (only !== true) {
    const message = 'clients of the CAs of the system are refused: a route trusts only the CA it names';
    reading.found(
      notCarried('disable_system_ca_pool' in tls ? '/tls/disable_system_ca_pool' : '/tls', message),
    );
  }
  return files;
}

function readPairs(tls: Tls, reading: KrakendReading): readonly KeyPair[] {
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
  return list.flatMap(({ pair, path }) => readPair(pair, path, reading) ?? []);
}

function readPair(
  value: unknown,
  path: readonly PropertyKey[],
  reading: KrakendReading,
): KeyPair | undefined {
  const { public_key: cert, private_key: key, ...others } = isObject(value) ? value : {};
  for (const other of Object.keys(others)) {
    reading.found(
      checkLost(pointerOf([...path, other]), `"${other}" is not known here: it is not carried over`),
    );
  }
  if (typeof cert === 'string' && typeof key === 'string' && cert !== '' && key !== '')
    return { cert, key, path };
  reading.notMade(pointerOf(path), 'a key pair names the files public_key and private_key');
  return undefined;
}

function leave(tls: Tls, keys: readonly string[], why: string, reading: KrakendReading): void {
  for (const key of keys) if (key in tls) reading.found(notCarried(pointerOf(['tls', key]), why));
}
