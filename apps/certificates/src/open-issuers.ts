import type { Log } from '@postern/contracts';
import type { Store } from '@postern/store';
import { AcmeCa } from './acme/acme-ca.ts';
import { createAcmeIssuer } from './acme/acme-issuer.ts';
import { knownLimitsOf, RateBook } from './acme/rate-limits.ts';
import { createDnsResolver, type DnsResolver } from './dns/dns-resolver.ts';
import type { CertificatesEnv, DnsProviderSettings } from './env.ts';
import { issuableNames } from './issuable.ts';
import type { Issuer } from './issuer.ts';
import { openLocalIssuer } from './local-issuer.ts';
import type { ChallengeSolver, ChallengeType } from './solvers/challenge-solver.ts';
import { createDnsSolver, type DnsProvider } from './solvers/dns-solver.ts';
import { createEdgeSolver } from './solvers/edge-solver.ts';
import { createExecProvider } from './solvers/exec-provider.ts';
import { createRfc2136Provider } from './solvers/rfc2136-provider.ts';
import { createWebhookProvider } from './solvers/webhook-provider.ts';

/** Seconds that servers may keep the TXT record of a challenge. */
const TXT_TTL_SECONDS = 60;

export interface IssuersOptions {
  readonly env: CertificatesEnv;
  readonly store: Store;
  readonly masterKey: Buffer;
  readonly userAgent: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/** The issuers of an installation, as its settings say: CAs for the names they issue for, the local one for all others. */
export async function openIssuers(options: IssuersOptions): Promise<readonly Issuer[]> {
  const { env } = options;
  const local = await openLocalIssuer(options);
  if (env.directoryUrls.length === 0) return [local];
  const resolver = createDnsResolver(env.dnsServers);
  const cas = env.directoryUrls.map((directoryUrl, place) => {
    const ca = new AcmeCa({
      ...options,
      directoryUrl,
      caBundlePem: env.caBundlePem,
      email: env.email,
      externalAccount: env.externalAccounts[place] ?? null,
    });
    const limits = knownLimitsOf(ca.host);
    return { ca, book: new RateBook({ store: options.store, url: ca.url, limits, now: options.now }) };
  });
  const acme = createAcmeIssuer({
    ...options,
    cas,
    resolver,
    solvers: solversOf(options, resolver),
    profile: env.profile,
    preferredChain: env.preferredChain,
    issuesForName: issuableNames({ isPrivateCa: env.caBundlePem !== null }),
  });
  return [acme, local];
}

function solversOf({ env, store }: IssuersOptions, resolver: DnsResolver): ChallengeSolver[] {
  const { dnsProvider, dnsPropagationMs: propagationMs } = env;
  const make = (type: ChallengeType): ChallengeSolver[] => {
    if (type !== 'dns-01') return [createEdgeSolver(store, type)];
    if (dnsProvider === null) return [];
    return [createDnsSolver({ provider: providerOf(dnsProvider), resolver, propagationMs })];
  };
  // Wildcards can be proved by dns-01 alone: where there is a provider it is at least the last choice.
  const types: readonly ChallengeType[] =
    dnsProvider === null || env.challenges.includes('dns-01')
      ? env.challenges
      : [...env.challenges, 'dns-01'];
  return types.flatMap(make);
}

function providerOf(settings: DnsProviderSettings): DnsProvider {
  switch (settings.type) {
    case 'rfc2136':
      return createRfc2136Provider({ ...settings, ttlSeconds: TXT_TTL_SECONDS });
    case 'exec':
      return createExecProvider(settings.program);
    case 'webhook':
      return createWebhookProvider({ ...settings, ttlSeconds: TXT_TTL_SECONDS });
  }
}
