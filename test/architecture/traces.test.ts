import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

interface Stop {
  readonly file: string;
  readonly text: string;
  /** A word that this file shares with the one before it, where neither imports the other. */
  readonly via: string | undefined;
}

function readTrace(title: string): Stop[] {
  const section = new RegExp(`\n### Trace: ${title}\n([\\s\\S]*?)(?=\n#|$)`).exec(page)?.[1] ?? '';
  return [...section.matchAll(/^\d+\. `([^`]+)`(.*)$/gm)].map(([, file = '', rest = '']) => ({
    file,
    text: existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '',
    via: /via `([^`]+)`$/.exec(rest)?.[1],
  }));
}

/** True when `from` imports the file, or the package it is in. */
function imports(from: Stop, to: Stop): boolean {
  return [...from.text.matchAll(/\bfrom '([^']+)'/g)].some(([, specifier = '']) => {
    if (specifier.startsWith('.'))
      return relative(root, resolve(root, dirname(from.file), specifier)) === to.file;
    const [kind, name] = to.file.split('/');
    return (
      kind === 'packages' && (specifier === `@postern/${name}` || specifier.startsWith(`@postern/${name}/`))
    );
  });
}

describe.each(['a request', 'a change'])('the trace of %s', (title) => {
  const stops = readTrace(title);

  test('has under ten files, and all exist', () => {
    expect(stops.length).toBeGreaterThan(4);
    expect(stops.length).toBeLessThan(10);
    for (const { file } of stops) expect(existsSync(join(root, file)), file).toBe(true);
  });

  test('leads from each file to the next by an import or by the word it names', () => {
    for (const [index, stop] of stops.entries()) {
      const previous = stops[index - 1];
      if (previous === undefined) continue;
      const word = stop.via;
      const linked =
        word === undefined
          ? imports(previous, stop) || imports(stop, previous)
          : previous.text.includes(word) && stop.text.includes(word);
      expect(linked, `${previous.file} -> ${stop.file}`).toBe(true);
    }
  });
});
