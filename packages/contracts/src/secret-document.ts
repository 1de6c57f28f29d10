import { z } from 'zod';
import { LIMITS } from './limits.ts';

const text = z.string().max(LIMITS.secretBytesMax * 2);
const path = z.string().min(1, 'the path of a file is needed').max(4096);
const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a fingerprint is a SHA-256 in 64 lower-case hex digits');
const keyName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,253}$/, 'a key is made of letters, digits, ".", "_" and "-"');
const keys = z.array(keyName).max(1000).optional();
const fingerprints = z.array(fingerprint).max(LIMITS.anchorsMax).optional();

/** Values and what describes values that are not in the file, by type. A value is written out or names its file. */
const FORMS = {
  'tls-ca': { needed: ['cert'], more: [] },
  tls: { needed: ['cert', 'key'], more: ['ca'] },
  generic: { needed: [], more: ['data', 'stringData', 'dataFiles'] },
  symmetric: { needed: ['secretKey'], more: [] },
  asymmetric: { needed: [], more: ['privateKey', 'publicKey'] },
  crl: { needed: [], more: [] },
} as const;

/**
 * A secret as a file describes it: with its values (in the text, or in files that `certFile` and the like name, relative to
 * the document), or without any, as an export writes it: then a secret of this type, with these key names and these
 * SHA-256 fingerprints, must exist.
 */
export const secretDocumentSpec = z
  .discriminatedUnion('type', [
    z
      .strictObject({
        type: z.literal('tls-ca'),
        cert: text.optional(),
        certFile: path.optional(),
        keys,
        fingerprints,
      })
      .superRefine(checkForms),
    z
      .strictObject({
        type: z.literal('tls'),
        cert: text.optional(),
        certFile: path.optional(),
        key: text.optional(),
        keyFile: path.optional(),
        ca: text.optional(),
        caFile: path.optional(),
        keys,
        fingerprints,
      })
      .superRefine(checkForms),
    z
      .strictObject({
        type: z.literal('generic'),
        /** Base64. */
        data: z.record(keyName, z.base64('this is not base64')).optional(),
        /** Plain text. */
        stringData: z.record(keyName, text).optional(),
        /** Paths. */
        dataFiles: z.record(keyName, path).optional(),
        keys,
      })
      .superRefine(checkForms),
    z
      .strictObject({
        type: z.literal('symmetric'),
        /** Base64. */
        secretKey: z.base64('this is not base64').min(1, 'a key is needed').optional(),
        secretKeyFile: path.optional(),
        keys,
      })
      .superRefine(checkForms),
    z
      .strictObject({
        type: z.literal('asymmetric'),
        privateKey: text.optional(),
        privateKeyFile: path.optional(),
        publicKey: text.optional(),
        publicKeyFile: path.optional(),
        keys,
        fingerprints,
      })
      .superRefine(checkForms),
    /** Lists change by the day: a file only says that there must be one. */
    z.strictObject({ type: z.literal('crl'), keys }).superRefine(checkForms),
  ])
  .meta({ id: 'SecretDocumentSpec' });
export type SecretDocumentSpec = z.infer<typeof secretDocumentSpec>;

type Report = (path: string[], code: string, message: string, hint?: string) => void;

function checkForms(spec: { readonly type: keyof typeof FORMS }, context: z.RefinementCtx): void {
  const values = new Map(Object.entries(spec).filter(([, value]) => value !== undefined));
  const report: Report = (at, code, message, hint) =>
    context.addIssue({
      code: 'custom',
      path: at,
      message,
      params: { code, ...(hint === undefined ? {} : { hint }) },
    });
  const { needed, more } = FORMS[spec.type];
  const given = [...needed, ...more].filter((part) => values.has(part) || values.has(`${part}File`));
  for (const part of given) {
    if (!values.has(part) || !values.has(`${part}File`)) continue;
    report([`${part}File`], 'given_twice', `${part} and ${part}File exclude each other`);
  }
  if (given.length === 0) return;
  for (const part of needed) {
    if (given.some((own) => own === part)) continue;
    const hint = `write ${part} or ${part}File, or no value at all: then the secret must exist`;
    report([], 'missing', `"${part}" is missing beside ${given.join(' and ')}`, hint);
  }
  for (const part of ['keys', 'fingerprints']) {
    if (!values.has(part)) continue;
    const hint = 'leave one of them out';
    report([part], 'given_twice', `${part} describes values that are not in the file: these are`, hint);
  }
  if (spec.type === 'generic') checkGenericKeys(values, report);
}

function checkGenericKeys(values: ReadonlyMap<string, unknown>, report: Report): void {
  const seen = new Map<string, string>();
  for (const part of ['data', 'stringData', 'dataFiles']) {
    for (const key of Object.keys((values.get(part) ?? {}) as object)) {
      const first = seen.get(key);
      if (first === undefined) seen.set(key, part);
      else report([part, key], 'given_twice', `the key "${key}" is already in ${first}`);
    }
  }
  if (seen.size === 0) report([], 'missing', 'at least one key is needed');
}
