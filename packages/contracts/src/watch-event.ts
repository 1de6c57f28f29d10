import { z } from 'zod';
import type { RouteResource, SecretResource, ServiceResource } from './resource.ts';

/** Kinds of resources that are written, listed and watched by name. */
export const RESOURCE_KINDS = ['secret', 'service', 'route'] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** The form of a resource of each kind. */
export interface ResourceOfKind {
  readonly secret: SecretResource;
  readonly service: ServiceResource;
  readonly route: RouteResource;
}

/**
 * One event of a watch. First every resource there is (`present`), then `synced`; then what is `added`, `changed` (a change of
 * the status counts too) or `deleted` (or no longer selected).
 */
export type WatchEvent<T> =
  | { readonly type: 'present' | 'added' | 'changed'; readonly resource: T }
  | { readonly type: 'deleted'; readonly name: string }
  | { readonly type: 'synced' };

/** The data of one event as the API writes it: the resource, or the name of one that is gone, or how a watch goes on. */
export const watchEventData = z
  .object({
    resource: z.looseObject({ name: z.string() }).optional(),
    name: z.string().optional(),
    /** With `synced`: nothing has changed since the event that Last-Event-ID named. */
    resumed: z.boolean().optional(),
  })
  .meta({ id: 'WatchEventData' });
export type WatchEventData = z.infer<typeof watchEventData>;
