import { z } from '@hono/zod-openapi';
import { defineOperation } from '../operation.ts';

const jwk = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  use: z.literal('sig'),
  alg: z.literal('ES256'),
  kid: z.string(),
});

/** GET /.well-known/jwks.json */
export const getJwks = defineOperation({
  id: 'getJwks',
  method: 'get',
  path: '/.well-known/jwks.json',
  scope: 'none',
  tag: 'platform',
  summary:
    'Gives the public keys of identity tokens (RFC 7517); those that will sign next stand there an hour ahead',
  answers: {
    200: {
      description: 'The key set',
      schema: z.strictObject({ keys: z.array(jwk) }).meta({ id: 'Jwks' }),
    },
  },
  async handle(parts) {
    const present = await parts.store.getIdentityKeys();
    const keys = (present?.keys ?? [])
      .filter(({ expiresAt }) => parts.now() < Date.parse(expiresAt))
      .map(({ id, x, y }) => ({
        kty: 'EC' as const,
        crv: 'P-256' as const,
        x,
        y,
        use: 'sig' as const,
        alg: 'ES256' as const,
        kid: id,
      }));
    return { status: 200, body: { keys }, headers: { 'cache-control': 'public, max-age=300' } };
  },
});
