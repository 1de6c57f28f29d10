import { z } from 'zod';
import { finding } from './findings.ts';
import { LIMITS } from './limits.ts';
import { resourceName } from './names.ts';
import { routeDescriptor } from './route.ts';
import { secretDetails, secretStatus, secretType } from './secret.ts';
import { serviceSpec } from './service.ts';

const labelKey = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$/, 'a label key is like "team" or "acme.org/team"');

export const labels = z
  .record(labelKey, z.string().max(63))
  .refine((all) => Object.keys(all).length <= LIMITS.labelsMax, `at most ${LIMITS.labelsMax} labels`)
  .meta({ id: 'Labels' });
export type Labels = z.infer<typeof labels>;

/** What every stored resource has. `version` counts its writes from 1 and is its ETag. */
const meta = {
  id: z.string(),
  project: resourceName,
  name: resourceName,
  version: z.int(),
  labels,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
};

export const secretResource = z
  .strictObject({
    ...meta,
    type: secretType,
    details: secretDetails,
    /** Of a crl. */
    status: secretStatus.optional(),
    usedBy: z.array(z.string()),
    findings: z.array(finding),
  })
  .meta({ id: 'Secret' });
export type SecretResource = z.infer<typeof secretResource>;

/** One target of a service as the connected edges see it. */
export const targetStatus = z.strictObject({
  /** As the spec writes it. */
  url: z.string(),
  weight: z.int(),
  /**
   * `healthy`, `unhealthy`; `mixed` when edges differ; `unknown` until the first check has ended; `not_checked` without
   * a health check, or while no route leads to the service.
   */
  state: z.enum(['healthy', 'unhealthy', 'mixed', 'unknown', 'not_checked']),
  /** Connected edges that check it. */
  edges: z.int(),
  /** Those of them that find it healthy. */
  healthy: z.int(),
  /** When the newest of these states began; null when there is none. */
  since: z.iso.datetime().nullable(),
  /** The newest failure of a check at an edge whose last check failed. */
  lastError: z
    .strictObject({ edge: z.string(), code: z.string(), message: z.string(), at: z.iso.datetime() })
    .nullable(),
});
export type TargetStatus = z.infer<typeof targetStatus>;

export const serviceResource = z
  .strictObject({
    ...meta,
    spec: serviceSpec,
    status: z.strictObject({ targets: z.array(targetStatus) }),
    usedBy: z.array(z.string()),
    findings: z.array(finding),
  })
  .meta({ id: 'Service' });
export type ServiceResource = z.infer<typeof serviceResource>;

/** One thing that must hold for a route to be served. */
export const routeCondition = z.strictObject({
  /** `HostValidation`, `Certificate` and `Ready`; others may follow. */
  type: z.string(),
  status: z.boolean(),
  /** Stable word, like `DnsNotVerified`. */
  reason: z.string(),
  message: z.string(),
  /** Since when the reason holds. */
  lastTransitionAt: z.iso.datetime(),
});
export type RouteCondition = z.infer<typeof routeCondition>;

/** Whether a route is served, and if not, why. */
export const routeStatus = z
  .strictObject({
    ready: z.boolean(),
    /** Stable word: `Ready`, `HostnameNotVerified`, `CertificatePending`, `Closed`, `NotApplied`, `NoEdge`. */
    reason: z.string(),
    message: z.string(),
    /** When the API first saw the present reason; its own start at the earliest. */
    lastTransitionAt: z.iso.datetime(),
    /** Each in the order in which they must come to hold; the last one is `Ready`, which says the same as the fields above. */
    conditions: z.array(routeCondition),
    url: z.string(),
    /** The revision that carries the route's present document. */
    revision: z.int(),
  })
  .meta({ id: 'RouteStatus' });
export type RouteStatus = z.infer<typeof routeStatus>;

export const routeResource = z
  .strictObject({ ...meta, spec: routeDescriptor, status: routeStatus, findings: z.array(finding) })
  .meta({ id: 'Route' });
export type RouteResource = z.infer<typeof routeResource>;
