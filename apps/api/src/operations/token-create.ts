import { z } from '@hono/zod-openapi';
import { tokenCreate, tokenCreated } from '@postern/contracts';
import { hashToken, makeToken } from '../authenticate.ts';
import { defineOperation } from '../operation.ts';
import { tokenResourceOf } from '../token-resource.ts';

/** POST /v1/tokens */
export const createToken = defineOperation({
  id: 'createToken',
  method: 'post',
  path: '/v1/tokens',
  scope: 'admin',
  tag: 'tokens',
  summary: 'Makes a token; its value is in this answer and never again',
  body: tokenCreate,
  dryRun: true,
  problems: [409],
  answers: {
    201: {
      description: 'The new token with its value',
      schema: tokenCreated,
      headers: z.object({ Location: z.string().meta({ description: 'Path of the new token' }) }),
    },
  },
  async handle(parts, { body, token: caller, requestId, mode }) {
    const value = makeToken();
    const { name, scope, expiresInSeconds } = body;
    const expiresAt = expiresInSeconds === undefined ? null : parts.now() + expiresInSeconds * 1000;
    const record = await parts.store.createToken({ name, scope, hash: hashToken(value), expiresAt }, mode);
    // A value that was only tried opens nothing; who kept it would find out too late.
    const shown = mode.dryRun === true ? '' : value;
    if (mode.dryRun !== true)
      parts.log.info({ requestId, token: name, scope, newTokenId: record.id }, 'a token is made');
    return {
      status: 201,
      body: { ...tokenResourceOf(record, caller), value: shown },
      headers: { location: `/v1/tokens/${name}` },
    };
  },
});
