import * as Flags from '@oclif/core/flags';
import type { RefusalFilter } from '@postern/client';
import { usageFailure } from '../../cli-failure.ts';
import { readWholeFingerprint } from '../../ledger/read-fingerprint.ts';
import { parsePast } from '../time-flags.ts';

/** What narrows refusals down; the same for `list` and `tail`. */
export const REFUSAL_FLAGS = {
  host: Flags.string({
    description: 'the host of the route, or the name the client asked for',
    helpValue: 'HOST',
  }),
  route: Flags.string({ description: 'the route', helpValue: 'NAME' }),
  reason: Flags.string({ description: 'the reason, like certificate_expired', helpValue: 'WORD' }),
  fingerprint: Flags.string({ description: "SHA-256 of the client's certificate", helpValue: 'HEX' }),
  observed: Flags.boolean({
    description:
      'only clients that were let in and would have been refused (--no-observed: only the refused)',
    allowNo: true,
  }),
};

interface RefusalFlags {
  readonly host?: string | undefined;
  readonly route?: string | undefined;
  readonly reason?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly observed?: boolean | undefined;
  readonly since?: string | undefined;
}

/** The filter that flags ask for. Usage failure for what is no fingerprint or time, and for a misspelt reason. */
export async function refusalFilterOf(flags: RefusalFlags): Promise<RefusalFilter> {
  const { host, route, reason, fingerprint, observed, since } = flags;
  if (reason !== undefined) await refuseMisspelt(reason);
  return {
    host,
    route,
    reason,
    observed,
    fingerprint: fingerprint === undefined ? undefined : readWholeFingerprint(fingerprint),
    since: since === undefined ? undefined : parsePast(since, '--since', Date.now()),
  };
}

/** Words are an open list, since edges may be newer; one that is nearly known would find nothing in silence. */
async function refuseMisspelt(reason: string): Promise<void> {
  const { nearest, REFUSAL_REASONS } = await import('@postern/contracts');
  const known = [...Object.keys(REFUSAL_REASONS), 'misdirected_request'];
  const near = known.includes(reason) ? undefined : nearest(reason, known);
  if (near !== undefined) throw usageFailure(`there is no reason ${reason}`, `did you mean ${near}?`);
}
