import { writeSync } from 'node:fs';
import { PosternError } from '@postern/contracts';
import { openSuiteStore, routeWrite, serviceWrite, targetFor } from './suite-fixtures.ts';

// A process that writes until it is killed: `writer-process.ts URL NAME COUNT`. One line on stdout for each write that
// the store has acknowledged: `+NAME-n` a created route, `-NAME-n` a deleted one, `=NAME-n` one moved to another host.

const [url = '', name = '', count = '0'] = process.argv.slice(2);
const store = await openSuiteStore(url);
await store.createService(serviceWrite(name)).catch((error: unknown) => {
  if (!(error instanceof PosternError && error.code === 'already_exists')) throw error;
});
writeSync(1, 'ready\n');
for (let n = 0; n < Number(count); n += 1) {
  const route = `${name}-${n}`;
  await store.createRoute(routeWrite(route, `${route}.example.org`, name));
  writeSync(1, `+${route}\n`);
  if (n % 3 === 1) {
    await store.deleteRoute(targetFor(route));
    writeSync(1, `-${route}\n`);
  }
  if (n % 3 === 2) {
    await store.updateRoute(routeWrite(route, `moved-${route}.example.org`, name));
    writeSync(1, `=${route}\n`);
  }
}
await store.close();
