import packageJson from '../package.json' with { type: 'json' };
import type { FoundCommand } from './find-command.ts';
import { asksForJson } from './output/output-format.ts';

/** Exit status of an interrupted call: 128 + SIGINT, as shells report it. */
const INTERRUPTED = 130;

/**
 * Runs one call of the program and gives its exit status; never throws. Everything is loaded only when it is needed:
 * what stands here decides how long every call takes.
 */
export async function runProgram(argv: readonly string[]): Promise<number> {
  watchOutput();
  let call: FoundCommand | undefined;
  try {
    const first = argv[0];
    if (first === '--version' || first === 'version') {
      process.stdout.write(`postern ${packageJson.version}\n`);
      return 0;
    }
    if (first === undefined || wantsHelp(argv)) {
      const { writeHelp } = await import('./help/write-help.ts');
      const { loadCommand } = await import('./command-map.ts');
      process.stdout.write(await writeHelp(argv, loadCommand));
      return 0;
    }
    const { findCommand } = await import('./find-command.ts');
    call = await findCommand(argv);
    const { runCommand } = await import('./run-command.ts');
    await runCommand(call.id, call.rest, () => process.once('SIGINT', () => process.exit(INTERRUPTED)));
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    const { reportFailure } = await import('./report-failure.ts');
    return reportFailure(error, { json: asksForJson(argv), debug: argv.includes('--debug'), call });
  }
}

function wantsHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  return words[0] === 'help' || own.includes('--help') || own.includes('-h');
}

/** A reader that went away (`| head`) is no fault of ours; output that is lost otherwise (a full disk) is a failure. */
function watchOutput(): void {
  process.stderr.on('error', () => undefined);
  // First, since oclif throws what it hears.
  process.stdout.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
    process.exit(1);
  });
}
