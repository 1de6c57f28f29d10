import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import type { SecretResource } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';

/** Milliseconds between looks; a list of a server nearby comes within some tens. */
const LOOK_EVERY_MS = 100;

/**
 * Waits until the source of a revocation list has been tried once more than `before` tells, and gives the secret as it is then. Throws
 * CliFailure `unreachable` where that try failed, with why, or where none comes in time.
 */
export async function waitUntilFetched(
  client: PosternClient,
  before: SecretResource,
  timeoutMs: number,
): Promise<SecretResource> {
  const { project, name } = before;
  const hint = `postern secret get ${name}`;
  const until = performance.now() + timeoutMs;
  for (;;) {
    const secret = await client.secrets.get(project, name);
    const fetch = secret.status?.crl.fetch ?? null;
    if (fetch !== null && fetch.triedAt !== (before.status?.crl.fetch?.triedAt ?? null)) {
      if (fetch.lastError === null) return secret;
      throw new CliFailure(
        'unreachable',
        `the list of ${name} could not be fetched: ${fetch.lastError}; ${staying(secret)}`,
        { hint },
      );
    }
    if (performance.now() + LOOK_EVERY_MS > until) {
      throw new CliFailure(
        'unreachable',
        `after ${timeoutMs} ms nobody has tried to fetch the list of ${name}; does the certificate worker run?`,
        { hint },
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function staying({ status }: SecretResource): string {
  const again = `it is tried again at ${status?.crl.fetch?.nextTryAt ?? 'once'}`;
  return status?.crl.state === 'not_fetched'
    ? `nothing is revoked by it until it comes; ${again}`
    : `the present list stays; ${again}`;
}
