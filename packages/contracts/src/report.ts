import { z } from 'zod';

/** What an edge tells the API: how far it is and which documents it could not use. */
export const edgeReport = z
  .strictObject({
    edge: z.string().min(1).max(128),
    epoch: z.string(),
    /** Every worker serves by this revision. */
    appliedRevision: z.int().min(0),
    /** Hosts that are closed because their documents are unusable, at most 1,000. */
    closedHosts: z
      .array(z.strictObject({ host: z.string(), reason: z.string(), message: z.string() }))
      .max(1000),
  })
  .meta({ id: 'EdgeReport' });
export type EdgeReport = z.infer<typeof edgeReport>;
