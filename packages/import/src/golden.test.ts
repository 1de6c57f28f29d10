import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Hostname, type ResourceName, routeDescriptor, serviceSpec } from '@postern/contracts';
import { expect, test } from 'vitest';
import { importKalix } from './import-kalix.ts';
import { importKrakend } from './import-krakend.ts';
import type { Imported, ImportSource } from './imported.ts';

/** One golden file: what goes in, and what came out when it was last looked at. */
interface Golden {
  about: string;
  importer: 'kalix' | 'krakend';
  sources: ImportSource[];
  targets?: Record<string, string>;
  host?: Hostname;
  name?: ResourceName;
  /** DNS names of the certificates, by file; the others cannot be read. */
  names?: Record<string, string[]>;
  result?: Imported;
}

const folder = new URL('../golden/', import.meta.url);
// POSTERN_WRITE_GOLDEN=1 rewrites what came out. In CI a difference is a failure, whatever else is set.
const isUpdating = process.env.POSTERN_WRITE_GOLDEN === '1' && process.env.CI === undefined;

function run({ importer, sources, targets = {}, host, name, names = {} }: Golden): Imported {
  if (importer === 'kalix') return importKalix(sources, { targets: new Map(Object.entries(targets)) });
  const [source] = sources;
  if (source === undefined || name === undefined) throw new Error('not a golden file');
  const readNames = (file: string) => {
    const own = names[file];
    return own === undefined ? { problem: `${file}: there is no such file` } : { names: own };
  };
  return importKrakend(source, { host, name, readNames });
}

test.each(readdirSync(folder))('%s: the foreign file gives these documents and these findings', (file) => {
  const url = new URL(file, folder);
  const golden = JSON.parse(readFileSync(url, 'utf8')) as Golden;
  const result = JSON.parse(JSON.stringify(run(golden))) as Imported;
  if (isUpdating) writeFileSync(url, `${JSON.stringify({ ...golden, result }, null, 2)}\n`);
  else expect(result).toEqual(golden.result);
  for (const { kind, spec } of result.documents) {
    expect(() => (kind === 'route' ? routeDescriptor : serviceSpec).parse(spec)).not.toThrow();
  }
});
