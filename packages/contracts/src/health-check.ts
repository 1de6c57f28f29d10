import { z } from 'zod';

const printable = /^[\x21-\x7e]+$/;

/** An HTTP check: a GET that must be answered with one of the statuses. */
const httpCheck = z.strictObject({
  /** Path and query of the request. */
  path: z
    .string()
    .min(1)
    .max(2048)
    .regex(/^\/[\x21-\x7e]*$/, 'a path begins with / and is printable ASCII without spaces')
    .refine((path) => !path.includes('#'), 'a path has no fragment'),
  /** Statuses that count as healthy; without any every 2xx does. */
  statuses: z.array(z.int().min(200).max(599)).min(1).max(20).optional(),
  /** Host (or :authority) of the request; the target's own when absent. */
  host: z.string().max(253).regex(printable, 'a host is printable ASCII without spaces').optional(),
});

/** The gRPC health checking protocol (grpc.health.v1.Health/Check), over h2c:// and https:// targets. */
const grpcCheck = z.strictObject({
  /** The service asked about; without one the server as a whole. */
  service: z
    .string()
    .max(200)
    .regex(printable, 'a gRPC service is printable ASCII without spaces')
    .optional(),
});

/** A connection, and for https:// targets a verified handshake, and nothing sent. */
const tcpCheck = z.strictObject({});

const WAYS = ['http', 'grpc', 'tcp'] as const;

/** How edges find out by themselves whether the targets of a service can be used. Exactly one of http, grpc and tcp. */
export const healthCheck = z
  .strictObject({
    http: httpCheck.optional(),
    grpc: grpcCheck.optional(),
    tcp: tcpCheck.optional(),
    /** Milliseconds between the beginnings of two checks of one target: 500 (every edge checks, more often is load) to 1 h; default 10,000. */
    intervalMs: z.int().min(500).max(3_600_000).optional(),
    /** Milliseconds until a check has failed, connecting included: 50 to 60,000, at most the interval; default 2,000, or the interval if that is shorter. */
    timeoutMs: z.int().min(50).max(60_000).optional(),
    /** Checks in a row that must succeed before an unhealthy target is used again; default 2: one answer may be luck. */
    healthyAfter: z.int().min(1).max(10).optional(),
    /** Checks in a row that must fail before a healthy target is left out; default 3: one may be lost on the way. */
    unhealthyAfter: z.int().min(1).max(10).optional(),
  })
  .superRefine((check, context) => {
    const named = WAYS.filter((way) => check[way] !== undefined);
    if (named.length !== 1) {
      context.addIssue({
        code: 'custom',
        message: 'a health check is exactly one of http, grpc and tcp',
        params: { code: 'health_check_way', hint: 'like http: {path: /healthz}' },
      });
    }
    const { timeoutMs, intervalMs = HEALTH_CHECK_DEFAULTS.intervalMs } = check;
    if (timeoutMs !== undefined && timeoutMs > intervalMs) {
      context.addIssue({
        code: 'custom',
        path: ['timeoutMs'],
        message: `a check must end before the next one: timeoutMs is at most intervalMs (${intervalMs})`,
        params: { code: 'health_check_timeout' },
      });
    }
  })
  .meta({ id: 'HealthCheck' });
export type HealthCheck = z.infer<typeof healthCheck>;

/** What holds where a health check says nothing: a dead target is found in 30 s at most, for one small request every 10 s. */
export const HEALTH_CHECK_DEFAULTS = {
  intervalMs: 10_000,
  timeoutMs: 2_000,
  healthyAfter: 2,
  unhealthyAfter: 3,
} as const;

/** A health check as an edge runs it: one way, every number filled in. */
export const compiledHealthCheck = z.strictObject({
  way: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('http'),
      path: z.string(),
      /** Null: every 2xx. */
      statuses: z.array(z.int()).nullable(),
      /** Null: the target's own. */
      host: z.string().nullable(),
    }),
    z.strictObject({ kind: z.literal('grpc'), service: z.string() }),
    z.strictObject({ kind: z.literal('tcp') }),
  ]),
  intervalMs: z.int().min(1),
  timeoutMs: z.int().min(1),
  healthyAfter: z.int().min(1),
  unhealthyAfter: z.int().min(1),
});
export type CompiledHealthCheck = z.infer<typeof compiledHealthCheck>;
