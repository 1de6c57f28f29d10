import { type Hostname, normaliseHostname, PosternError } from '@postern/contracts';
import { FIRST_WORDS, SECOND_WORDS } from './hostname-words.ts';

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
