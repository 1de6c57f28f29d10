import { type Hostname, normaliseHostname, PosternError } from '@postern/contracts';
import type { ApiParts } from './api-parts.ts';
import { FIRST_WORDS, SECOND_WORDS } from './hostname-words.ts';

/** Generated hosts tried before the answer is `unavailable`; one is enough until tens of millions are taken. */
const ATTEMPTS_MAX = 10;

/** Gives `word-word-NNNN.DOMAIN`; there are some 250 million of them for each domain. */
export function generateHostname(domain: Hostname, randomInt: (max: number) => number): Hostname {
  const first = FIRST_WORDS[randomInt(FIRST_WORDS.length)];
  const second = SECOND_WORDS[randomInt(SECOND_WORDS.length)];
  const digits = String(randomInt(10_000)).padStart(4, '0');
  const result = normaliseHostname(`${first}-${second}-${digits}.${domain}`);
  if ('problem' in result) {
    throw new PosternError('internal', { context: { domain, problem: result.problem } });
  }
  return result.host;
}

/**
 * Does something with a generated name, and with another one where that is taken; fails with `unavailable` when none of
 * ATTEMPTS_MAX was free.
 */
export async function withGeneratedHostname<T>(
  { hostnameDomain, randomInt }: Pick<ApiParts, 'hostnameDomain' | 'randomInt'>,
  use: (name: Hostname) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    try {
      return await use(generateHostname(hostnameDomain, randomInt));
    } catch (error) {
      if (!(error instanceof PosternError) || error.code !== 'hostname_taken') throw error;
    }
  }
  throw new PosternError('unavailable', { detail: 'no free host was found; name one with spec.host' });
}
