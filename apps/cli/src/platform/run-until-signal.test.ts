import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that runs a part whose start and stop are the given scripts; what it prints is told piece by piece. */
async function runPart(start: string, close: string) {
  const script = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { runUntilSignal } from ${JSON.stringify(new URL('./run-until-signal.ts', import.meta.url).href)};
    setInterval(() => {}, 1000);
    const code = await runUntilSignal('part', async (stop) => {
      console.log('begun');
      ${start}
      return { lines: ['serving'], close: async () => { ${close} console.log('closed'); } };
    });
    process.exit(code);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return {
    child,
    output: () => output,
    async printed(text: string): Promise<void> {
      while (!output.includes(text)) await once(child.stdout, 'data');
    },
    async ended(): Promise<number | null> {
      const [code] = (await once(child, 'close')) as [number | null];
      return code;
    },
  };
}

test('one signal, also when npm passes it on once more, stops it in good order: exit 0', async () => {
  const part = await runPart('', 'await sleep(300);');
  await part.printed('serving');
  part.child.kill('SIGINT');
  await new Promise((done) => setTimeout(done, 50));
  part.child.kill('SIGINT');
  expect(await part.ended()).toBe(0);
  expect(part.output()).toContain('closed');
});

test('another signal later does not wait for the end of a stop: exit 1', async () => {
  const part = await runPart('', 'await sleep(60_000);');
  await part.printed('serving');
  // Again and again: two that come while it does not run are one.
  const sending = setInterval(() => part.child.kill('SIGTERM'), 1500);
  expect(await part.ended()).toBe(1);
  clearInterval(sending);
});

test('a signal ends a start that waits: exit 0 and no word of a failure', async () => {
  const part = await runPart(
    `await new Promise((_, reject) => stop.addEventListener('abort', () => reject(new Error('stopped'))));`,
    '',
  );
  await part.printed('begun');
  part.child.kill('SIGTERM');
  expect(await part.ended()).toBe(0);
  expect(part.output()).toBe('begun\n');
});

test('a part that starts although it was to stop is closed at once and never said to serve', async () => {
  const part = await runPart(
    `await new Promise((done) => stop.addEventListener('abort', done)); await sleep(100);`,
    '',
  );
  await part.printed('begun');
  part.child.kill('SIGTERM');
  expect(await part.ended()).toBe(0);
  expect(part.output()).toBe('begun\nclosed\n');
});

test('a start that fails is told in one line: exit 1', async () => {
  const part = await runPart(`throw new Error('no\\n  luck');`, '');
  expect(await part.ended()).toBe(1);
  expect(part.output()).toBe('begun\npostern part: no luck\n');
});
