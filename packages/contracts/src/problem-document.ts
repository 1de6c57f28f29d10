import { z } from 'zod';
import { writeConflict } from './field-changes.ts';
import { finding } from './findings.ts';

/** RFC 9457 problem details as the API and the edge write them. */
export const problemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    /** Reason word of a refusal (client_certificate_refused). */
    reason: z.string().optional(),
    /** Id of the refusal in the ledger (`postern refusal get ID`). */
    refusal: z.string().optional(),
    requestId: z.string().optional(),
    retryable: z.boolean(),
    /** Where the meaning stands: a file of Postern's documentation and the place in it. */
    docs: z.string().optional(),
    findings: z.array(finding).optional(),
    /** What stands in the way (already_exists, version_conflict). */
    conflict: writeConflict.optional(),
  })
  .meta({ id: 'Problem' });
export type ProblemDocument = z.infer<typeof problemDocument>;
