import { IssueFailure } from '../issue-failure.ts';
import { findCaa, findForbiddingRecord } from './caa.ts';
import { DnsFailure, type DnsResolver } from './dns-resolver.ts';

export interface NamesCheck {
  readonly names: readonly string[];
  /** Domain names by which CAA records name the CA. */
  readonly caaIdentities: readonly string[];
  /** Names that the CA will connect to, for http-01 or tls-alpn-01: they must have an address. */
  readonly connected: readonly string[];
}

/**
 * Looks in DNS for what would make a CA refuse names, before an order is spent on them: records that forbid it
 * (`caa_forbids`), names without an address, servers that fail (`dns_unresolvable`). Fails with IssueFailure.
 */
export async function checkNames(resolver: DnsResolver, check: NamesCheck): Promise<void> {
  const { names, caaIdentities, connected } = check;
  try {
    await Promise.all([
      ...names.map((name) => checkCaa(resolver, name, caaIdentities)),
      ...connected.map((name) => checkAddress(resolver, name)),
    ]);
  } catch (error) {
    if (!(error instanceof DnsFailure)) throw error;
    throw new IssueFailure('dns_unresolvable', error.message, { cause: error });
  }
}

async function checkCaa(resolver: DnsResolver, name: string, identities: readonly string[]): Promise<void> {
  const record = findForbiddingRecord(await findCaa(resolver, name), name.startsWith('*.'), identities);
  if (record === null) return;
  const ca = identities.length === 0 ? 'any CA' : identities.join(' or ');
  throw new IssueFailure('caa_forbids', `DNS forbids ${ca} to issue for ${name}: ${record}`);
}

async function checkAddress(resolver: DnsResolver, name: string): Promise<void> {
  const a = await resolver.lookUp(name, 'A');
  if (a.records.length > 0) return;
  const aaaa = await resolver.lookUp(name, 'AAAA');
  if (aaaa.records.length > 0) return;
  const said = a.exists ? `${name} has no address` : `${name} does not exist (NXDOMAIN)`;
  throw new IssueFailure(
    'dns_unresolvable',
    `DNS: ${said}, says ${a.server}: the CA could not connect to it`,
  );
}
