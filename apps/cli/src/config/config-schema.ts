import { resourceName } from '@postern/contracts';
import { z } from 'zod';
import { isApiUrl } from './is-api-url.ts';

const apiUrl = z.string().refine(isApiUrl, 'this is not an http:// or https:// URL without credentials');

const contextName = z.string().min(1).max(63);

const context = z
  .strictObject({
    name: contextName,
    url: apiUrl,
    /** A file with the token in it; better than the token itself, since it can be replaced. */
    tokenFile: z.string().min(1).optional(),
    token: z.string().min(1).optional(),
    project: resourceName.optional(),
    /** Set on contexts that `postern up` wrote: whose installation this is. */
    dataDirectory: z.string().optional(),
  })
  .refine((value) => value.token === undefined || value.tokenFile === undefined, {
    message: 'set token or tokenFile, not both',
    path: ['token'],
  });
/** One API, and how to call it. */
export type Context = z.infer<typeof context>;

/** The user's configuration. `isConfigFile` accepts no other value. */
export const configFile = z.strictObject({
  current: z.string().optional(),
  contexts: z.array(context).max(1000),
});
export type ConfigFile = z.infer<typeof configFile>;

/**
 * Names only. Who writes this file may be anybody whose repository was cloned: with an address in it, the token of the
 * one who runs a command would go there.
 */
export const projectFile = z.strictObject({
  context: z.string().min(1).max(63).optional(),
  project: resourceName.optional(),
});
export type ProjectNames = z.infer<typeof projectFile>;
