import type { z } from 'zod';
import { LIMITS } from './limits.ts';

// No schema is here: see plain/index.ts.

/** A DNS label that names a secret, service, route or project inside its project. */
export type ResourceName = string & z.BRAND<'ResourceName'>;

/** A lower-case DNS label of any length (RFC 1123 section 2.1). */
export const DNS_LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** True for what the schema `resourceName` accepts; that one says what is wrong with the rest. */
export function isResourceName(text: string): text is ResourceName {
  return text.length <= LIMITS.resourceNameCharsMax && DNS_LABEL.test(text);
}
