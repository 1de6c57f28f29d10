import { z } from 'zod';
import { REPORTED_TARGETS_MAX } from './target-limits.ts';

const TARGET_STATES = ['unknown', 'healthy', 'unhealthy'] as const;

/** What one edge knows of one target by its health checks. */
export const targetReport = z.strictObject({
  /** Names service, target and the form of its check; a check that changes begins anew under another id. */
  id: z.string().min(1).max(64),
  /** `PROJECT/NAME` of the service. */
  service: z.string().max(127),
  /** With port, like `http://127.0.0.1:3000`. */
  target: z.string().max(300),
  /** `unknown` until the first check has ended; such a target serves. `gone`: it is no longer checked. */
  state: z.enum([...TARGET_STATES, 'gone']),
  /** Milliseconds since 1970; when this state began. */
  since: z.int().min(0),
  /** The failure of the last check that failed; null when the last one succeeded. */
  lastError: z
    .strictObject({ code: z.string().max(64), message: z.string().max(200), at: z.int().min(0) })
    .nullable(),
});
export type TargetReport = z.infer<typeof targetReport>;

/**
 * A part of an edge's list of targets. An edge numbers every change of a target; a report carries those after `after`
 * up to `upTo`, and the answer says how far the API has come, so that whatever was lost is sent again.
 */
export const targetsReport = z.strictObject({
  /** One run of the edge; numbers of another run mean nothing. */
  run: z.string().min(1).max(64),
  after: z.int().min(0),
  upTo: z.int().min(0),
  changed: z.array(targetReport).max(REPORTED_TARGETS_MAX),
});
export type TargetsReport = z.infer<typeof targetsReport>;

/** What an edge tells the API: how far it is, which documents it could not use, and how the targets it checks are. */
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
    /** Absent while the edge has never checked a target. */
    targets: targetsReport.optional(),
    /** The `sightingsWanted` of an answer: whom the edge saw before that answer came is reported. */
    sightingsUpTo: z.int().min(0).optional(),
  })
  .meta({ id: 'EdgeReport' });
export type EdgeReport = z.infer<typeof edgeReport>;

/** The answer to a report. */
export const reportAnswer = z
  .strictObject({
    /** The number of the last change of a target that the API has taken of this run; 0 when it knows nothing of it. */
    targetsUpTo: z.int().min(0),
    /** Somebody waits to hear whom the edge has seen until now (milliseconds since 1970, by the API's clock); else absent. */
    sightingsWanted: z.int().min(0).optional(),
  })
  .meta({ id: 'ReportAnswer' });
