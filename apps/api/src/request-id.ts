import { randomUUID } from 'node:crypto';

const SANE = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's X-Request-Id where it is a plain word (a log line stays one line), else a fresh UUID. */
export function requestIdOf(header: string | null | undefined): string {
  return header !== null && header !== undefined && SANE.test(header) ? header : randomUUID();
}
