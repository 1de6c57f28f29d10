import { dirname, isAbsolute, join } from 'node:path';
import {
  type Finding,
  LIMITS,
  parseWith,
  pointerOf,
  type SecretDetails,
  type SecretDocumentSpec,
  type SecretInput,
  secretInput,
} from '@postern/contracts';
import { parseAsymmetricSecret, parseCaSecret, parseTlsSecret } from '@postern/pki';
import { CliFailure } from '../cli-failure.ts';
import { readInputFile } from '../read-input-file.ts';
import { pemTextOf } from '../secret/pem-text.ts';
import type { SecretValues } from './postern-document.ts';

/** The values of a secret, or null where it has none; and findings with pointers into the spec. */
export interface SecretReading {
  readonly values: SecretValues | null;
  readonly findings: readonly Finding[];
  /** The file behind a part, by the part's pointer: findings about it have their places there. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads the values of a secret's document: those in its text, and those in files, whose paths are relative to the folder of
 * `documentFile` (to the working directory for `null`, standard input). `now` is milliseconds since 1970.
 */
export function readSecretValues(
  spec: SecretDocumentSpec,
  documentFile: string | null,
  now: number,
): SecretReading {
  const reader = new PartReader(documentFile === null ? '.' : dirname(documentFile));
  const input = inputOf(spec, reader);
  const { files } = reader;
  if (input === null || reader.findings.length > 0) return { values: null, findings: reader.findings, files };
  const checked = parseWith(secretInput, input);
  if (!checked.ok) return { values: null, findings: checked.findings, files };
  const examined = examine(checked.value, now);
  if (!examined.ok) return { values: null, findings: examined.findings, files };
  const { details, warnings } = examined.secret;
  return { values: { input: checked.value, details, files }, findings: warnings, files };
}

function inputOf(spec: SecretDocumentSpec, reader: PartReader): Record<string, unknown> | null {
  const { type } = spec;
  switch (type) {
    case 'tls-ca': {
      const cert = reader.pem('cert', spec.cert, spec.certFile);
      return cert === undefined ? null : { type, cert };
    }
    case 'tls': {
      const cert = reader.pem('cert', spec.cert, spec.certFile);
      const key = reader.pem('key', spec.key, spec.keyFile);
      const ca = reader.pem('ca', spec.ca, spec.caFile);
      return cert === undefined || key === undefined
        ? null
        : { type, cert, key, ...(ca === undefined ? {} : { ca }) };
    }
    case 'generic': {
      const { data, stringData, dataFiles } = spec;
      if (data === undefined && stringData === undefined && dataFiles === undefined) return null;
      const all = new Map(Object.entries(data ?? {}));
      for (const [key, text] of Object.entries(stringData ?? {})) {
        all.set(key, Buffer.from(text, 'utf8').toString('base64'));
      }
      for (const [key, path] of Object.entries(dataFiles ?? {})) {
        const bytes = reader.bytes(['dataFiles', key], path);
        if (bytes !== undefined) all.set(key, bytes.toString('base64'));
      }
      return { type, data: Object.fromEntries(all) };
    }
    case 'symmetric': {
      if (spec.secretKey !== undefined) return { type, secretKey: spec.secretKey };
      const bytes =
        spec.secretKeyFile === undefined ? undefined : reader.bytes(['secretKeyFile'], spec.secretKeyFile);
      return bytes === undefined ? null : { type, secretKey: bytes.toString('base64') };
    }
    case 'asymmetric': {
      const privateKey = reader.pem('privateKey', spec.privateKey, spec.privateKeyFile);
      const publicKey = reader.pem('publicKey', spec.publicKey, spec.publicKeyFile);
      if (privateKey === undefined && publicKey === undefined) return null;
      return {
        type,
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(publicKey === undefined ? {} : { publicKey }),
      };
    }
    case 'crl':
      return null;
  }
}

type Examined =
  | { ok: true; secret: { details: SecretDetails; warnings: readonly Finding[] } }
  | { ok: false; findings: Finding[] };

/** What the API will say of the values, found by the same functions. */
function examine(input: SecretInput, now: number): Examined {
  switch (input.type) {
    case 'tls-ca':
      return parseCaSecret(input.cert, { pointer: '/cert', now });
    case 'tls':
      return parseTlsSecret(input, now);
    case 'asymmetric': {
      const parsed = parseAsymmetricSecret(input);
      return parsed.ok
        ? { ok: true, secret: { details: parsed.secret.details, warnings: [] } }
        : { ok: false, findings: parsed.findings };
    }
    case 'generic':
      return { ok: true, secret: { details: { keys: Object.keys(input.data).sort() }, warnings: [] } };
    case 'symmetric':
      return { ok: true, secret: { details: { keys: ['secretKey'] }, warnings: [] } };
    case 'crl':
      return { ok: true, secret: { details: { keys: ['crl'] }, warnings: [] } };
  }
}

/** Reads parts from the text or from files, and gathers what cannot be read. */
class PartReader {
  readonly findings: Finding[] = [];
  readonly files = new Map<string, string>();
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  pem(part: string, text: string | undefined, path: string | undefined): string | undefined {
    if (text !== undefined || path === undefined) return text;
    const bytes = this.bytes([`${part}File`], path);
    if (bytes === undefined) return undefined;
    this.files.set(`/${part}`, this.#resolve(path));
    return this.#guard([`${part}File`], () => pemTextOf(bytes, this.#resolve(path), part));
  }

  bytes(at: readonly string[], path: string): Buffer | undefined {
    return this.#guard(at, () => {
      if (path === '-') throw new CliFailure('validation_failed', 'standard input cannot be named here');
      return readInputFile(this.#resolve(path), at[0] ?? '', LIMITS.secretBytesMax);
    });
  }

  #resolve(path: string): string {
    return isAbsolute(path) ? path : join(this.#folder, path);
  }

  #guard<T>(at: readonly string[], read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      const { message, hint } = error;
      const more = hint === undefined ? {} : { hint };
      this.findings.push({ severity: 'error', code: 'file', message, pointer: pointerOf(at), ...more });
      return undefined;
    }
  }
}
