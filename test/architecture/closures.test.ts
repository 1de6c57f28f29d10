import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
/** `x.y = () => ...` and `x.y = function ...`. */
const ASSIGNED = /\.#?\w+ (?:\?\?)?= (?:async )?(?:\([^()]*\)(?:: [^=]+)? =>|\w+ =>|function\b)/g;

test('what runs for each connection assigns no function literal to a property: V8 makes those old at once', () => {
  const files = globSync(['apps/edge/src/**/*.ts', 'packages/{http1,http2,admission}/src/**/*.ts'], {
    cwd: root,
  });
  expect(files.length).toBeGreaterThan(100);
  const found = files
    .filter((file) => !/\.test\.ts$|\/testing\//.test(file))
    .flatMap((file) => {
      const lines = readFileSync(join(root, file), 'utf8').match(ASSIGNED) ?? [];
      return lines.map((line) => `${file}: ${line}`);
    });
  // docs/architecture.md says why: give it a name first.
  expect(found).toEqual([]);
});
