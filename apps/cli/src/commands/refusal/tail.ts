import * as Flags from '@oclif/core/flags';
import type { RefusalFilter } from '@postern/client';
import type { RefusalResource, WatchEvent } from '@postern/contracts';
import { type Connection, PosternCommand } from '../../base-command.ts';
import { REFUSAL_FLAGS, refusalFilterOf } from './refusal-flags.ts';

/** Entries remembered, to tell one that grew from a new one. */
const REMEMBERED_MAX = 10_000;

type NamedRefusal = RefusalResource & { readonly name: string };

export class RefusalTail extends PosternCommand {
  static override summary = 'Follow the clients that edges refuse, as it happens';
  static override description =
    'Shows the last refusals, then each new one within a second, until Ctrl-C. An entry that grows comes again with its new count. With -o json each is one line: {"type": "present|added|changed", "resource": ...}.';
  static readonly exits = {
    0: 'the output was closed',
    5: 'there is no such project',
    130: 'ended by Ctrl-C',
  };
  static readonly related = ['refusal:list', 'refusal:get'];
  static override examples = ['postern refusal tail', 'postern refusal tail --host shop.example.org -n 0'];
  static override flags = {
    ...REFUSAL_FLAGS,
    last: Flags.integer({
      char: 'n',
      description: 'how many of the last refusals to begin with',
      helpValue: 'N',
      default: 10,
      min: 0,
      max: 1_000,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(RefusalTail);
    const filter = await refusalFilterOf(flags);
    const connection = await this.connect(flags);
    const { refusalTable } = await import('../../ledger/describe-refusal.ts');
    await this.follow<NamedRefusal>(
      flags,
      readEvents(connection, filter, flags.last),
      refusalTable(flags.output === 'wide'),
    );
  }
}

async function* readEvents(
  { client, project }: Connection,
  filter: RefusalFilter,
  last: number,
): AsyncGenerator<WatchEvent<NamedRefusal>> {
  const known = new Set<string>();
  const named = (refusal: RefusalResource) => ({ ...refusal, name: refusal.id });
  if (last > 0) {
    const { items } = await client.refusals.list(project, { ...filter, limit: last });
    for (const refusal of items.toReversed()) {
      known.add(refusal.id);
      yield { type: 'present', resource: named(refusal) };
    }
  }
  yield { type: 'synced' };
  for await (const refusal of client.refusals.tail(project, filter)) {
    yield { type: known.has(refusal.id) ? 'changed' : 'added', resource: named(refusal) };
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.add(refusal.id);
  }
}
