import { type Check, check } from './check.ts';

/** Milliseconds. A difference that certificates and tokens of a short life begin to feel. */
const CLOCK_WARN_MS = 30_000;
/** Milliseconds. Certificates are made five minutes in the past, and no more. */
const CLOCK_FAIL_MS = 300_000;

interface ApiOptions {
  readonly url: string;
  /** Version of the program that asks. */
  readonly ownVersion: string;
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch?: typeof fetch;
}

/**
 * Asks an API whether it lives, whether its store answers, for its version and its clock; no token is sent. Never throws.
 */
export async function checkApi(options: ApiOptions): Promise<Check[]> {
  const { url, ownVersion, now } = options;
  const startedAt = now();
  const live = await ask(options, '/livez');
  if ('problem' in live) {
    return [
      check(
        'api',
        'fail',
        `${url}: ${live.problem}`,
        'see whether Postern runs there, or start one here: postern up',
      ),
      ...['store', 'version', 'clock'].map((name) => check(name, 'skip', 'the API does not answer')),
    ];
  }
  const { version } = live.body as { version?: unknown };
  if (live.status !== 200 || typeof version !== 'string') {
    return [
      check('api', 'fail', `what answers at ${url} is not a Postern API`, 'check the URL of the context'),
    ];
  }
  const middle = (startedAt + now()) / 2;
  return [
    check('api', 'pass', `${url} answers`),
    await checkStore(options),
    version === ownVersion
      ? check('version', 'pass', `API and CLI are ${version}`)
      : check(
          'version',
          'warn',
          `the API is ${version}, this CLI ${ownVersion}`,
          'use the CLI of the same version',
        ),
    checkClock(live.date, middle),
  ];
}

async function checkStore(options: ApiOptions): Promise<Check> {
  const ready = await ask(options, '/readyz');
  if (!('problem' in ready) && ready.status === 200) return check('store', 'pass', 'the database answers');
  const { detail } = 'problem' in ready ? { detail: ready.problem } : (ready.body as { detail?: unknown });
  const why = typeof detail === 'string' ? detail : 'it is not ready';
  return check('store', 'fail', why, 'the log of the API says why');
}

/** The Date field has whole seconds: a difference below one says nothing. */
function checkClock(date: string | null, nowMs: number): Check {
  const there = Date.parse(date ?? '');
  if (Number.isNaN(there)) return check('clock', 'skip', 'the API does not say what time it has');
  const differenceMs = Math.abs(there + 500 - nowMs);
  const detail = `the clocks differ by ${Math.max(0, Math.round((differenceMs - 500) / 1000))} s`;
  const hint = 'let both machines follow a time server';
  if (differenceMs > CLOCK_FAIL_MS) return check('clock', 'fail', detail, hint);
  return differenceMs > CLOCK_WARN_MS ? check('clock', 'warn', detail, hint) : check('clock', 'pass', detail);
}

type Answer =
  | { readonly status: number; readonly body: unknown; readonly date: string | null }
  | { readonly problem: string };

async function ask({ url, timeoutMs, fetch: send = fetch }: ApiOptions, path: string): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await send(`${url.replace(/\/+$/, '')}${path}`, { signal, redirect: 'error' });
    const body: unknown = await response.json().catch(() => null);
    return { status: response.status, body: body ?? {}, date: response.headers.get('date') };
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return { problem: `no answer within ${timeoutMs} ms` };
    const cause = error instanceof Error ? error.cause : undefined;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no connection';
    return { problem: code === 'ECONNREFUSED' ? 'nothing listens there' : code };
  }
}
