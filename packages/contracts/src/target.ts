import { z } from 'zod';
import { WEIGHT_MAX } from './target-limits.ts';

/** One address of an upstream. */
export const target = z.strictObject({
  protocol: z.enum(['http', 'https', 'h2c']),
  host: z.string(),
  port: z.int().min(1).max(65_535),
  /** Absent: 1. */
  weight: z.int().min(1).max(WEIGHT_MAX).optional(),
});
export type Target = z.infer<typeof target>;

const DEFAULT_PORTS = { http: 80, https: 443, h2c: 80 } as const;

/** Takes a target URL apart; an IPv6 literal loses its brackets. Undefined for anything but http, https and h2c. */
export function parseTargetUrl(text: string): Target | undefined {
  const protocol = /^(http|https|h2c):\/\//.exec(text)?.[1] as Target['protocol'] | undefined;
  // The URL parser knows no h2c; as http it finds the same parts.
  const url = protocol === undefined ? null : URL.parse(text.replace(/^h2c:/, 'http:'));
  if (protocol === undefined || url === null) return undefined;
  const port = url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port);
  if (port === 0) return undefined;
  return { protocol, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
}
