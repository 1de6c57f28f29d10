import { z } from '@hono/zod-openapi';
import { hostname, resourceName } from '@postern/contracts';

/** Path of a collection. */
export const projectPath = z.strictObject({ project: resourceName });

/** Path of one token: tokens belong to no project. */
export const tokenPath = z.strictObject({ name: resourceName });

/** Path of one resource. */
export const namedPath = z.strictObject({ project: resourceName, name: resourceName });

/** Path of one revocation. */
export const revocationPath = z.strictObject({
  project: resourceName,
  id: z.string().regex(/^[0-9a-f-]{1,64}$/, 'an id is what the list of revocations shows'),
});

/** Path of a host: of its certificate, or of the name itself. */
export const certificatePath = z.strictObject({ project: resourceName, name: hostname });
