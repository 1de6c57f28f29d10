import type { ListFilter } from './postern-client.ts';

/** Resources asked for in one page: the most that the API gives. */
const PAGE_LIMIT = '1000';

/** The query of one page. */
export interface PageQuery {
  limit: string;
  after?: string;
  labelSelector?: string;
  namePrefix?: string;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Gives a collection page by page; a page may be empty while others follow. */
export async function* readPages<T>(
  readPage: (query: PageQuery) => Promise<Page<T>>,
  filter: ListFilter = {},
): AsyncGenerator<readonly T[]> {
  let after: string | undefined;
  do {
    const page = await readPage({
      limit: PAGE_LIMIT,
      ...filterQueryOf(filter),
      ...(after === undefined ? {} : { after }),
    });
    yield page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}

/** Gives a whole collection. */
export async function collectPages<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

/** A filter as the API takes it. */
export function filterQueryOf({ labels, namePrefix }: ListFilter): {
  labelSelector?: string;
  namePrefix?: string;
} {
  return {
    ...(labels === undefined ? {} : { labelSelector: labels }),
    ...(namePrefix === undefined ? {} : { namePrefix }),
  };
}
