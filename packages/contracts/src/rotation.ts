import { z } from 'zod';

/** Milliseconds. A client that used the present CA that lately keeps a rotation from its end, unless the caller names another time. */
export const ROTATION_GRACE_MS = 24 * 3_600_000;

/** Clients told of a rotation; nobody reads more, and `clientsTotal` counts them all. */
export const ROTATION_CLIENTS_MAX = 1_000;

/** Why a rotation may not end yet. Stable words, and what each means. */
export const ROTATION_OBSTACLES = {
  not_rotating: 'the route names no next client CA',
  no_edge: 'no edge is connected: nobody knows who uses the present CA',
  edge_unreachable: 'an edge that was there lately is not connected',
  edge_not_reported: 'an edge has not told yet whom it saw until now',
  client_recent: 'a client used the present CA lately',
} as const;
export type RotationObstacle = keyof typeof ROTATION_OBSTACLES;

/** How far a route's clients have moved from its client CA to the next one. */
export const routeRotation = z
  .strictObject({
    route: z.string(),
    /** The version of the route that this is about. */
    version: z.int(),
    /** Names of the tls-ca secrets; null where the route has none. */
    current: z.string().nullable(),
    next: z.string().nullable(),
    graceMs: z.int(),
    /** True when nothing stands against the end of the rotation. */
    finishable: z.boolean(),
    obstacles: z.array(z.strictObject({ code: z.string(), message: z.string() })),
    edges: z.array(
      z.strictObject({
        edge: z.string(),
        connected: z.boolean(),
        lastSeenAt: z.iso.datetime(),
        /** Whom it saw before that moment is known; null: it has not said. */
        reportedUpTo: z.iso.datetime().nullable(),
      }),
    ),
    /**
     * Clients that were let in by the present CA and by the next one not since, the latest first; of two certificates of one
     * subject each is a client.
     */
    clients: z.array(
      z.strictObject({
        fingerprint: z.string(),
        subject: z.string(),
        issuer: z.string(),
        notAfter: z.iso.datetime(),
        lastAt: z.iso.datetime(),
        /** True when that was within the grace time. */
        recent: z.boolean(),
      }),
    ),
    clientsTotal: z.int(),
    recentTotal: z.int(),
  })
  .meta({ id: 'RouteRotation' });
export type RouteRotation = z.infer<typeof routeRotation>;
