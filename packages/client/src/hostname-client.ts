import type { HostnameResource } from '@postern/contracts';
import type { PostPath } from './certificate-client.ts';
import type { ReadPath } from './ledger-client.ts';

/** Entries of one page, the most that the API gives. */
const PAGE_LIMIT = 1000;

/** The part of the SDK that is about the names that a project may use. */
export interface HostnameCalls {
  /** Gives the project a name, which stays until it is removed; without one a generated name. */
  add(
    project: string,
    name?: string | undefined,
    options?: { readonly dryRun?: boolean | undefined },
  ): Promise<HostnameResource>;
  /** All of the project, those that routes claimed too, by name. */
  list(project: string): Promise<HostnameResource[]>;
  get(project: string, name: string): Promise<HostnameResource>;
  /** Has DNS looked at now; gives it as it is before: its `nextCheckAt` is another once that is done. */
  check(project: string, name: string): Promise<HostnameResource>;
  /** Refused as `in_use` while a route serves it. */
  remove(project: string, name: string, options?: { readonly dryRun?: boolean | undefined }): Promise<void>;
}

export function hostnameCalls(
  read: ReadPath,
  post: PostPath,
  remove: (path: string, query: Readonly<Record<string, string>>) => Promise<void>,
): HostnameCalls {
  const base = (project: string) => `/v1/projects/${encodeURIComponent(project)}/hostnames`;
  const one = (project: string, name: string) => `${base(project)}/${encodeURIComponent(name)}`;
  const dryRunOf = (dryRun: boolean | undefined): Record<string, string> =>
    dryRun === true ? { dryRun: 'true' } : {};
  return {
    add: (project, name, { dryRun } = {}) =>
      post(base(project), dryRunOf(dryRun), name === undefined ? {} : { name }),
    async list(project) {
      const items: HostnameResource[] = [];
      let after: string | null = null;
      do {
        const page: { items: HostnameResource[]; next: string | null } = await read(base(project), {
          limit: String(PAGE_LIMIT),
          ...(after === null ? {} : { after }),
        });
        items.push(...page.items);
        after = page.next;
      } while (after !== null);
      return items;
    },
    get: (project, name) => read(one(project, name), {}),
    check: (project, name) => post(`${one(project, name)}/check`, {}),
    remove: (project, name, { dryRun } = {}) => remove(one(project, name), dryRunOf(dryRun)),
  };
}
