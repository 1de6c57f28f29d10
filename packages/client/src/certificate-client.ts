import type { CertificateResource, CertificateWithChain, RevocationReason } from '@postern/contracts';
import type { ReadPath } from './ledger-client.ts';

/** Entries of one page, the most that the API gives. */
const PAGE_LIMIT = 1000;

/** Which certificates are wanted; all that is said must hold. */
export interface CertificateFilter {
  /** Only those that are not there yet, or whose successor is wanted. */
  readonly pending?: boolean | undefined;
  /** Only those that end before. */
  readonly expiresBefore?: Date | undefined;
}

/** The part of the SDK that is about the certificates that Postern gets for hosts. */
export interface CertificateCalls {
  /** All that the filter selects, by their names. */
  list(project: string, filter?: CertificateFilter): Promise<CertificateResource[]>;
  /** By the name of a host, like `shop.example.org` or `*.example.org`. */
  get(project: string, name: string): Promise<CertificateWithChain>;
  /** Has it ordered now; gives it as it is before. */
  renew(
    project: string,
    name: string,
    options?: { readonly dryRun?: boolean | undefined },
  ): Promise<CertificateResource>;
  /** Has its CA revoke it; gives it as it is before. */
  revoke(
    project: string,
    name: string,
    options?: { readonly reason?: RevocationReason | undefined; readonly dryRun?: boolean | undefined },
  ): Promise<CertificateResource>;
}

/** Sends a body to one path of the API. */
export type PostPath = <T>(
  path: string,
  query: Readonly<Record<string, string>>,
  body?: object,
) => Promise<T>;

export function certificateCalls(read: ReadPath, post: PostPath): CertificateCalls {
  const base = (project: string) => `/v1/projects/${encodeURIComponent(project)}/certificates`;
  const one = (project: string, name: string) => `${base(project)}/${encodeURIComponent(name)}`;
  const dryRunOf = (dryRun: boolean | undefined): Record<string, string> =>
    dryRun === true ? { dryRun: 'true' } : {};
  return {
    async list(project, { pending, expiresBefore } = {}) {
      const items: CertificateResource[] = [];
      let after: string | null = null;
      do {
        const page: { items: CertificateResource[]; next: string | null } = await read(base(project), {
          limit: String(PAGE_LIMIT),
          ...(pending === true ? { pending: 'true' } : {}),
          ...(expiresBefore === undefined ? {} : { expiresBefore: expiresBefore.toISOString() }),
          ...(after === null ? {} : { after }),
        });
        items.push(...page.items);
        after = page.next;
      } while (after !== null);
      return items;
    },
    get: (project, name) => read(one(project, name), {}),
    renew: (project, name, { dryRun } = {}) => post(`${one(project, name)}/renew`, dryRunOf(dryRun)),
    revoke: (project, name, { reason, dryRun } = {}) =>
      post(`${one(project, name)}/revoke`, dryRunOf(dryRun), reason === undefined ? {} : { reason }),
  };
}
