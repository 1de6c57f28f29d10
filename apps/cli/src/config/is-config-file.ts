import { isResourceName } from '@postern/contracts/plain';
import type { ConfigFile, Context } from './config-schema.ts';
import { isApiUrl } from './is-api-url.ts';

/** Characters of a context's name. */
const NAME_CHARS_MAX = 63;
const CONTEXTS_MAX = 1000;

const CONTEXT_CHECKS: Readonly<Record<keyof Context, (text: string) => boolean>> = {
  name: (text) => text.length > 0 && text.length <= NAME_CHARS_MAX,
  url: isApiUrl,
  tokenFile: (text) => text.length > 0,
  token: (text) => text.length > 0,
  project: isResourceName,
  dataDirectory: () => true,
};

/**
 * True only for what the schema `configFile` accepts, and without loading it: every call reads the configuration, and
 * schemas take longer to load than anything else a call does. False leaves the judgement, and the findings, to the schema.
 */
export function isConfigFile(value: unknown): value is ConfigFile {
  if (!isRecord(value)) return false;
  const { current, contexts, ...unknown } = value;
  if (Object.keys(unknown).length > 0 || !(current === undefined || typeof current === 'string'))
    return false;
  return Array.isArray(contexts) && contexts.length <= CONTEXTS_MAX && contexts.every(isContext);
}

function isContext(value: unknown): value is Context {
  if (!isRecord(value) || !('name' in value && 'url' in value)) return false;
  if ('token' in value && 'tokenFile' in value) return false;
  const checks: Readonly<Record<string, (text: string) => boolean>> = CONTEXT_CHECKS;
  return Object.entries(value).every(
    ([key, text]) => Object.hasOwn(checks, key) && typeof text === 'string' && checks[key]?.(text) === true,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
