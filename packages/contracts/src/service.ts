import { z } from 'zod';
import { healthCheck } from './health-check.ts';
import { LIMITS } from './limits.ts';
import { resourceName } from './names.ts';
import { WEIGHT_MAX } from './target-limits.ts';

const DAY_MS = 86_400_000;
const timeoutMs = z.int().min(1).max(DAY_MS);
const reference = z.strictObject({ name: resourceName });

/** Address of an upstream: `http://`, `https://` or `h2c://` with host and optional port, and nothing after them. */
export const targetUrl = z.string().superRefine((text, context) => {
  const problem = problemOfTarget(text);
  if (problem !== undefined)
    context.addIssue({ code: 'custom', message: problem, params: { code: 'target' } });
});

function problemOfTarget(text: string): string | undefined {
  const url = /^(http|https|h2c):\/\//.test(text) ? URL.parse(text.replace(/^h2c:/, 'http:')) : null;
  if (url === null)
    return 'a target is http://, https:// or h2c:// with host and port, like http://127.0.0.1:3000';
  if (url.port === '0') return 'a target has a port from 1 to 65535';
  if (url.username !== '' || url.password !== '') return 'a target holds no credentials';
  if (
    (url.pathname !== '/' && url.pathname !== '') ||
    url.search !== '' ||
    url.hash !== '' ||
    /[?#]$/.test(text)
  ) {
    return 'a target has no path or query: the request path goes on unchanged';
  }
  return undefined;
}

/** A target with its share of the work: one of weight 3 gets three times as much as one of weight 1, which is the default. */
const weightedTarget = z.strictObject({ url: targetUrl, weight: z.int().min(1).max(WEIGHT_MAX).optional() });

const serviceTarget = z.union([targetUrl, weightedTarget], {
  error: 'a target is a URL like http://127.0.0.1:3000, or {url, weight}',
});
export type ServiceTarget = z.infer<typeof serviceTarget>;

/** The address of a target as it was written. */
export function urlOfTarget(target: ServiceTarget): string {
  return typeof target === 'string' ? target : target.url;
}

/** The weight of a target; 1 where it has none. */
export function weightOfTarget(target: ServiceTarget): number {
  return typeof target === 'string' ? 1 : (target.weight ?? 1);
}

/** A named upstream: where requests go, how that leg is secured, and how long it may take. */
export const serviceSpec = z
  .strictObject({
    targets: z.array(serviceTarget).min(1, 'a service needs at least one target').max(LIMITS.targetsMax),
    tls: z
      .strictObject({
        /** tls-ca secret that alone is trusted for the targets; without it the public roots are. */
        ca: reference.optional(),
        /** tls secret shown to the targets as client certificate. */
        clientCertificate: reference.optional(),
      })
      .optional(),
    /** Which Host goes on: the client's, or the target's own. */
    hostHeader: z.enum(['client', 'target']).optional(),
    timeouts: z
      .strictObject({
        /** Milliseconds to a connected (and secured) upstream; default 5,000. */
        connectMs: timeoutMs.optional(),
        /** Milliseconds from the sent request to the response head; default 60,000. */
        responseHeadMs: timeoutMs.optional(),
        /** Milliseconds without a byte in either body; default 300,000; not for WebSocket, gRPC and event streams. */
        idleBodyMs: timeoutMs.optional(),
      })
      .optional(),
    /** Bytes. Larger request bodies are answered 413; unlimited when absent. */
    maxBodyBytes: z.int().min(0).optional(),
    /** How edges check the targets by themselves; without it they learn from requests alone. */
    healthCheck: healthCheck.optional(),
  })
  .superRefine((service, context) => {
    if (
      service.tls !== undefined &&
      !service.targets.some((target) => urlOfTarget(target).startsWith('https:'))
    ) {
      context.addIssue({
        code: 'custom',
        path: ['tls'],
        message: 'tls is set but no target is https://',
        params: {
          code: 'tls_unused',
          hint: 'make a target https://, or name no CA and no client certificate for it',
        },
      });
    }
    const plain = service.targets.findIndex((target) => urlOfTarget(target).startsWith('http:'));
    if (service.healthCheck?.grpc !== undefined && plain >= 0) {
      context.addIssue({
        code: 'custom',
        path: ['healthCheck', 'grpc'],
        message: `gRPC needs HTTP/2, which targets[${plain}] does not speak: it is http://`,
        params: {
          code: 'health_check_way',
          hint: 'make the target h2c:// or https://, or check it by http or tcp',
        },
      });
    }
  })
  .meta({ id: 'ServiceSpec' });
export type ServiceSpec = z.infer<typeof serviceSpec>;

/** What holds where a service names no timeout. Milliseconds. */
export const SERVICE_DEFAULTS = { connectMs: 5_000, responseHeadMs: 60_000, idleBodyMs: 300_000 } as const;
