import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Rows of the table "Who may import whom" in docs/architecture.md: package -> packages it may import. */
function readImportTable(): Map<string, Set<string>> {
  const section = /## Who may import whom\n([\s\S]*?)(?=\n## |$)/.exec(
    readFileSync(join(root, 'docs/architecture.md'), 'utf8'),
  )?.[1];
  const rows = [...(section ?? '').matchAll(/^\| `([a-z0-9]+)`\s*\|([^|]*)\|$/gm)];
  return new Map(
    rows.map(([, name, list]) => [
      name ?? '',
      new Set((list ?? '').split(',').flatMap((word) => word.trim() || [])),
    ]),
  );
}

const table = readImportTable();
const sources = globSync('{apps,packages}/*/{src,bin}/**/*.{ts,js}', { cwd: root })
  .filter((file) => !file.includes('/generated/'))
  .sort();

function specifiersOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  // `import x from 'y'`, `export x from 'y'`, `import 'y'` and `import('y')`, over several lines.
  const pattern =
    /^\s*(?:import|export)\s[^;'"`]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function packageOf(file: string): string {
  return file.split('/')[1] ?? '';
}

function manifestOf(file: string): { dependencies?: object; devDependencies?: object } {
  const [kind, name] = file.split('/');
  return JSON.parse(readFileSync(join(root, kind ?? '', name ?? '', 'package.json'), 'utf8'));
}

describe('imports', () => {
  test('the table names every package, and only packages that exist', () => {
    expect([...table.keys()].sort()).toEqual([...new Set(sources.map(packageOf))].sort());
  });

  test.each(sources)('%s imports only what the table and its package.json allow', (file) => {
    const own = packageOf(file);
    const allowed = new Set(table.get(own));
    if (file.startsWith('apps/cli/src/platform/'))
      for (const app of ['api', 'certificates', 'edge', 'demo', 'store']) allowed.add(app);
    const manifest = manifestOf(file);
    const isTest = /\.test\.ts$|\/testing\/|-suite\.ts$/.test(file);
    const declared = new Set([
      ...Object.keys(manifest.dependencies ?? {}),
      ...(isTest ? Object.keys(manifest.devDependencies ?? {}) : []),
      ...(isTest ? ['vitest', 'fast-check'] : []),
    ]);
    for (const specifier of specifiersOf(file)) {
      if (specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) {
        const target = relative(root, resolve(root, dirname(file), specifier));
        expect(packageOf(target), `${file} reaches into another package: ${specifier}`).toBe(own);
        continue;
      }
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      expect([...declared], `${file} imports ${name}, which its package.json does not declare`).toContain(
        name,
      );
      if (!name.startsWith('@postern/')) continue;
      const target = name.slice('@postern/'.length);
      if (isTest) continue;
      expect([...allowed], `${file} may not import ${target}: see docs/architecture.md`).toContain(target);
      if (own === 'api' && target === 'feed') expect(specifier).toBe('@postern/feed/server');
      if (own === 'edge' && target === 'feed') expect(specifier).toBe('@postern/feed/client');
    }
  });

  test('no file is part of an import cycle', () => {
    const graph = new Map(
      sources.map((file) => [
        file,
        specifiersOf(file)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => relative(root, resolve(root, dirname(file), specifier))),
      ]),
    );
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      state.set(file, 'open');
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });
});
