import { z } from 'zod';

const replayedVerdict = z.strictObject({
  verdict: z.enum(['admit', 'refuse']),
  /** A reason of a refusal; null when admitted. */
  reason: z.string().nullable(),
  detail: z.string(),
});

/** A client that was seen, and that another descriptor would take to the other side. */
const replayedClient = z.strictObject({
  /** Null: the clients without a certificate. */
  fingerprint: z.string().nullable(),
  subject: z.string().nullable(),
  issuer: z.string().nullable(),
  lastAt: z.iso.datetime(),
  hosts: z.array(z.string()),
  /** Null: wherever it goes on the host; else below that prefix. */
  path: z.string().nullable(),
  /** By the route as it is stored. */
  now: replayedVerdict,
  /** By the descriptor that is tried. */
  next: replayedVerdict,
});

/** What another descriptor of a route would mean for the clients that were seen lately. */
export const routeReplay = z
  .strictObject({
    route: z.string(),
    since: z.iso.datetime(),
    /** Clients that were judged, those without a certificate as one. */
    clients: z.int(),
    /** Clients of that time whose certificates are not kept. */
    unknown: z.int(),
    /** True when there were more clients than one replay judges. */
    more: z.boolean(),
    /** Whoever changes sides, the latest seen first. */
    changes: z.array(replayedClient),
  })
  .meta({ id: 'RouteReplay' });
export type RouteReplay = z.infer<typeof routeReplay>;
