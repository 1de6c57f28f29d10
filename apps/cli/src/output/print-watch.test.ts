import type { WatchEvent } from '@postern/contracts';
import { expect, test } from 'vitest';
import type { OutputFormat } from './output-format.ts';
import { printWatch } from './print-watch.ts';

interface Thing {
  readonly name: string;
  readonly state: string;
}

async function* events(): AsyncGenerator<WatchEvent<Thing>> {
  yield { type: 'present', resource: { name: 'first', state: 'pending' } };
  yield { type: 'synced' };
  yield { type: 'changed', resource: { name: 'first', state: 'ready' } };
  yield { type: 'synced' };
  yield { type: 'added', resource: { name: 'b', state: 'pending' } };
  yield { type: 'deleted', name: 'first' };
}

async function print(format: OutputFormat, terminal: boolean): Promise<string> {
  let text = '';
  await printWatch<Thing>(
    events(),
    { header: ['NAME', 'STATE'], row: ({ name, state }) => [name, state] },
    {
      format,
      layout: { terminal, columns: 80, colour: false, wide: false },
      write: (more) => {
        text += more;
      },
    },
  );
  return text;
}

test('a person reads what there is, then a row for each change, in columns that stay', async () => {
  expect(await print('table', true)).toBe(
    'NAME   STATE\nfirst  pending\nfirst  ready\nb      pending\nfirst  deleted\n',
  );
});

test('a pipe gets tabs', async () => {
  expect(await print('table', false)).toBe(
    'NAME\tSTATE\nfirst\tpending\nfirst\tready\nb\tpending\nfirst\tdeleted\n',
  );
});

test.each(['json', 'json-compact'] as const)(
  'a program gets one line of %s for each event',
  async (format) => {
    const lines = (await print(format, false)).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(['present', 'changed', 'added', 'deleted']);
  },
);

test('names alone', async () => {
  expect(await print('name', false)).toBe('first\nfirst\nb\nfirst\n');
});
