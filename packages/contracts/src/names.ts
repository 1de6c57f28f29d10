import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { type Hostname, normaliseHostname } from './normalise-hostname.ts';
import { DNS_LABEL } from './resource-name.ts';

/** The number that orders changes inside one epoch; starts at 1. */
export type Revision = number & z.BRAND<'Revision'>;

/** Accepts a lower-case DNS label of at most 63 characters (RFC 1123 section 2.1). */
export const resourceName = z
  .string()
  .max(LIMITS.resourceNameCharsMax, `a name has at most ${LIMITS.resourceNameCharsMax} characters`)
  .regex(DNS_LABEL, 'a name is made of lower-case letters, digits and inner hyphens, like "my-route"')
  .brand<'ResourceName'>();

/** Accepts any spelling of a host and gives its stored form. */
export const hostname = z.string().transform((text, context): Hostname => {
  const result = normaliseHostname(text);
  if ('host' in result) return result.host;
  context.addIssue({ code: 'custom', message: result.problem });
  return z.NEVER;
});

export const revision = z.int().min(0).brand<'Revision'>();
