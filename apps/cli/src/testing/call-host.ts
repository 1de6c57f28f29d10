import { AsyncLocalStorage } from 'node:async_hooks';
import { runProgram } from '../program.ts';

/** One call of the program, sent to this process. */
export interface HostedCall {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
}

/** What a hosted call came to. */
export interface HostedResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Output of the call that is running, whatever else of an earlier one may still be ticking in this process. */
class Call {
  readonly stdout: Buffer[] = [];
  readonly stderr: Buffer[] = [];
  readonly exited = Promise.withResolvers<number>();
}

const calls = new AsyncLocalStorage<Call>();

/** Gathers what is written to a stream for the call that wrote it. */
function collect(stream: NodeJS.WriteStream, of: 'stdout' | 'stderr'): void {
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk);
    calls.getStore()?.[of].push(bytes);
    const callback = rest.findLast((value) => typeof value === 'function');
    if (callback !== undefined) process.nextTick(callback as () => void);
    return true;
  };
}

async function run({ args, env, directory }: HostedCall): Promise<HostedResult> {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(directory);
  process.exitCode = undefined;
  const call = new Call();
  const code = await calls.run(call, () => Promise.race([runProgram(args), call.exited.promise]));
  process.removeAllListeners('SIGINT');
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  const textOf = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8');
  return { code, stdout: textOf(call.stdout), stderr: textOf(call.stderr) };
}

// A process that has the program loaded and runs calls of it, one after the other; cli-harness.ts starts it.
collect(process.stdout, 'stdout');
collect(process.stderr, 'stderr');
process.exit = ((code?: number) => calls.getStore()?.exited.resolve(code ?? 0)) as typeof process.exit;
process.on('message', (call: HostedCall) => {
  void run(call).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
