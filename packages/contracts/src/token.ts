import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { resourceName } from './names.ts';

/** `admin` may do everything but read the feed; `edge` may read the feed and post reports, nothing else. */
export const tokenScope = z.enum(['admin', 'edge']);
export type TokenScope = z.infer<typeof tokenScope>;

/** What a caller sends to make a token. */
export const tokenCreate = z
  .strictObject({
    name: resourceName,
    scope: tokenScope,
    /** Seconds from now after which it is refused; never when absent. */
    expiresInSeconds: z
      .int()
      .min(LIMITS.tokenLifeSecondsMin)
      .max(LIMITS.tokenLifeSecondsMax)
      .meta({ description: 'Seconds after which the token is refused; without it the token has no end' })
      .optional(),
  })
  .meta({ id: 'TokenCreate' });
export type TokenCreate = z.infer<typeof tokenCreate>;

const shown = {
  id: z.string(),
  name: resourceName,
  scope: tokenScope,
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable().meta({ description: 'Behind by up to five minutes' }),
  current: z.boolean().meta({ description: 'True for the token that this call was made with' }),
};

/** A token as callers see it: everything but its value. */
export const tokenResource = z.strictObject(shown).meta({ id: 'Token' });
export type TokenResource = z.infer<typeof tokenResource>;

/** The answer to the making of a token, the only one that ever holds the value. */
export const tokenCreated = z
  .strictObject({
    ...shown,
    value: z.string().meta({ description: 'Shown this once; only its hash is kept. Empty in a dry run' }),
  })
  .meta({ id: 'TokenCreated' });
export type TokenCreated = z.infer<typeof tokenCreated>;
