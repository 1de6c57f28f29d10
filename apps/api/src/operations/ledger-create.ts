import { z } from '@hono/zod-openapi';
import { ledgerReport } from '@postern/contracts';
import { defineOperation } from '../operation.ts';

/** POST /v1/ledger */
export const createLedgerReport = defineOperation({
  id: 'createLedgerReport',
  method: 'post',
  path: '/v1/ledger',
  scope: 'edge',
  tag: 'edges',
  summary:
    'Takes what an edge tells of clients: whom it refused, and whom it saw. Sending it again changes nothing',
  body: ledgerReport,
  answers: {
    200: {
      description: 'It is stored',
      schema: z.strictObject({ taken: z.literal(true) }).meta({ id: 'LedgerAnswer' }),
    },
  },
  async handle(parts, { body }) {
    await parts.store.takeLedger(body);
    return { status: 200, body: { taken: true as const } };
  },
});
