import type { Target } from './target.ts';

/** How edges write a target in logs and reports: always with its port, like `http://127.0.0.1:3000`, `http://[::1]:80`. */
export function targetName({ protocol, host, port }: Target): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
