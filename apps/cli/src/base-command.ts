import { existsSync } from 'node:fs';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import type { Input, ParserOutput } from '@oclif/core/interfaces';
import type { PosternClient } from '@postern/client';
import type { Finding, ResourceName, WatchEvent } from '@postern/contracts';
import { CliFailure, usageFailure } from './cli-failure.ts';
import type { RouteFile } from './descriptor/read-route-file.ts';
import { type CliEnv, readCliEnv } from './env.ts';
import { cleanText } from './output/clean-text.ts';
import { shellWord } from './output/command-line.ts';
import { isForPerson, OUTPUT_WORDS, type OutputFlags, outputFormatOf } from './output/output-format.ts';
import { layoutOf } from './output/output-layout.ts';
import type { WatchTable } from './output/print-watch.ts';
import type { Progress } from './output/progress.ts';
import type { View } from './output/show-view.ts';
import type { WrittenAt } from './wait-for-edge.ts';

/** Flags of every command that calls the API. */
export interface GlobalFlags extends OutputFlags {
  readonly verbose?: boolean | undefined;
  readonly debug?: boolean | undefined;
  readonly project?: string | undefined;
  readonly context?: string | undefined;
  readonly config?: string | undefined;
  readonly 'token-stdin'?: boolean | undefined;
  readonly timeout: number;
}

/** A connected call: where to, and for which project. */
export interface Connection {
  readonly client: PosternClient;
  readonly project: ResourceName;
  readonly url: string;
}

const GLOBAL = 'GLOBAL';

/**
 * What every command shares. Data goes to standard output, talk to standard error; where the data is for programs
 * (`-o json|json-compact|yaml|name`) and with `-q` the talk falls silent. Failures leave `run()` as exceptions and are written, with their exit status, in one place.
 */
export abstract class PosternCommand extends Command {
  static override baseFlags = {
    output: Flags.string({
      char: 'o',
      description: 'form of the data: a table, all columns, for programs, or only the names',
      options: [...OUTPUT_WORDS],
      helpGroup: GLOBAL,
    }),
    json: Flags.boolean({ description: 'same as -o json', helpGroup: GLOBAL, exclusive: ['output'] }),
    quiet: Flags.boolean({
      char: 'q',
      description: 'print only names, and nothing on standard error but failures',
      helpGroup: GLOBAL,
    }),
    verbose: Flags.boolean({ description: 'say where the call goes and as whom', helpGroup: GLOBAL }),
    debug: Flags.boolean({
      description: 'show every request and answer on standard error, without tokens and secrets',
      helpGroup: GLOBAL,
    }),
    project: Flags.string({ description: 'project (POSTERN_PROJECT)', helpValue: 'NAME', helpGroup: GLOBAL }),
    context: Flags.string({
      description: 'context of the configuration (POSTERN_CONTEXT)',
      helpValue: 'NAME',
      helpGroup: GLOBAL,
    }),
    config: Flags.string({
      description: 'configuration with your contexts (POSTERN_CONFIG)',
      helpValue: 'FILE',
      helpGroup: GLOBAL,
    }),
    'token-stdin': Flags.boolean({
      description: 'read the token from standard input',
      default: false,
      helpGroup: GLOBAL,
    }),
    timeout: Flags.custom<number>({
      description: 'longest wait for the API and for the edge to serve a change',
      helpValue: 'DURATION',
      helpGroup: GLOBAL,
      default: 10_000,
      defaultHelp: async () => '10s',
      parse: async (text) => parseDurationMs(text, '--timeout'),
    })(),
    yes: Flags.boolean({ char: 'y', description: 'answer every question with yes', helpGroup: GLOBAL }),
    input: Flags.boolean({
      description: 'ask on a terminal (--no-input never asks)',
      default: true,
      allowNo: true,
      helpGroup: GLOBAL,
    }),
  };

  /** Signals are the command's own business (a server that drains). */
  static readonly handlesSignals: boolean = false;
  /** The configuration need not be there yet. */
  static readonly makesConfig: boolean = false;

  protected env: CliEnv = readCliEnv();
  protected silent = false;
  #place: string | undefined;

  /** Reads the command line; what a flag says of the environment comes before the variable. */
  protected override async parse<
    F extends Record<string, unknown>,
    B extends Record<string, unknown>,
    A extends Record<string, unknown>,
  >(options?: Input<F, B, A>, argv?: string[]): Promise<ParserOutput<F, B, A>> {
    const parsed = await super.parse(options, argv);
    const { config } = parsed.flags as { readonly config?: string };
    if (config === undefined) return parsed;
    const { makesConfig } = this.constructor as typeof PosternCommand;
    // A misspelt name must not lead to another API that a variable names.
    if (!makesConfig && !existsSync(config)) {
      throw usageFailure(
        `--config ${config}: there is no such file`,
        `postern context add NAME --url URL --token-stdin --config ${shellWord(config)} makes one`,
      );
    }
    this.env = { ...this.env, configFile: config };
    return parsed;
  }

  /** Failures are reported where the program ends, not by oclif. */
  protected override async catch(error: Error): Promise<unknown> {
    if (this.#place !== undefined) {
      const { notePlace } = await import('./output/failure-place.ts');
      notePlace(error, this.#place);
    }
    throw error;
  }

  /** Settles where to go and makes the client. */
  protected async connect(flags: GlobalFlags): Promise<Connection> {
    this.quietFor(flags);
    const { resolveSession } = await import('./config/resolve-session.ts');
    const { createClient } = await import('@postern/client');
    const session = await resolveSession(this.env, flags);
    this.#place = `project ${session.project} at ${session.url}`;
    if (flags.verbose) {
      const from = session.context === null ? 'the environment' : `context ${session.context}`;
      this.say(`${from}: API ${session.url}, project ${session.project}`);
    }
    const fetch = flags.debug
      ? (await import('./output/debug-fetch.ts')).debugFetch((line) => process.stderr.write(`${line}\n`))
      : undefined;
    const client = createClient({ url: session.url, token: session.token, timeoutMs: flags.timeout, fetch });
    return { client, project: session.project, url: session.url };
  }

  /** Lets the talk fall silent where flags ask for it; commands that call no API say so themselves. */
  protected quietFor(flags: OutputFlags): void {
    this.silent = flags.quiet === true || !isForPerson(flags);
  }

  /** Asks before something is lost; goes on only after a yes. */
  protected async confirm(
    question: string,
    flags: { readonly yes: boolean; readonly input: boolean },
  ): Promise<void> {
    const { confirmLoss } = await import('./output/confirm.ts');
    if (!(await confirmLoss(question, flags)))
      throw new CliFailure('failed', 'not confirmed: nothing is changed');
  }

  /** Waits until the edge serves a write, unless `--no-wait`; says so when it does not in time. */
  protected async waitForEdge(
    client: PosternClient,
    written: WrittenAt,
    flags: { readonly wait: boolean; readonly timeout: number },
  ): Promise<void> {
    if (!flags.wait) return;
    const { waitForEdge } = await import('./wait-for-edge.ts');
    const progress = await this.progress('waiting until the edges serve the change');
    const missing = await waitForEdge(client, written, flags.timeout).finally(() => progress.stop());
    if (missing !== undefined) this.say(`warning: ${missing}`);
  }

  /** Prints a view in the format the flags ask for. */
  protected async show(flags: OutputFlags, view: View): Promise<void> {
    const format = outputFormatOf(flags);
    const { formatView } = await import('./output/show-view.ts');
    const layout = layoutOf(process.stdout, this.env.colours, format === 'wide');
    process.stdout.write(await formatView(view, format, layout));
  }

  /** Follows resources and prints every change until it is interrupted. */
  protected async follow<R extends { readonly name: string }>(
    flags: OutputFlags,
    events: AsyncIterable<WatchEvent<R>>,
    table: WatchTable<R>,
  ): Promise<void> {
    const format = outputFormatOf(flags);
    const { printWatch } = await import('./output/print-watch.ts');
    const layout = layoutOf(process.stdout, this.env.colours, format === 'wide');
    await printWatch(events, table, { format, layout, write: (text) => process.stdout.write(text) });
  }

  /** Shows that something takes its time, unless nobody is to be talked to; the caller stops it. */
  protected async progress(text: string): Promise<Progress> {
    const { startProgress } = await import('./output/progress.ts');
    const nobody = { write: () => undefined };
    const layout = layoutOf(process.stderr, this.env.colours);
    return startProgress(this.silent ? nobody : process.stderr, layout, text);
  }

  /** As `show`, for what has no name of its own. */
  protected async print(flags: OutputFlags, data: unknown, text: () => string): Promise<void> {
    await this.show(flags, { data, names: [], text });
  }

  /** Talks to the person; silent with `-q` and where data for programs is asked for. */
  protected say(line: string): void {
    if (!this.silent) process.stderr.write(`${cleanText(line)}\n`);
  }

  /** Warnings the API attached to what it stored, at their places in `file` where it came from one. */
  protected async sayFindings(findings: readonly Finding[], file: RouteFile | null = null): Promise<void> {
    if (findings.length === 0 || this.silent) return;
    const { formatFindings, formatPlacedFindings } = await import('./descriptor/format-findings.ts');
    if (file === null) {
      const { ownFindings } = await import('./explain-refusal.ts');
      this.say(formatFindings(ownFindings(findings)));
      return;
    }
    const { placeDescriptorFindings } = await import('./descriptor/read-route-file.ts');
    const { file: name, text } = file.source;
    this.say(formatPlacedFindings(name, text, placeDescriptorFindings(file, findings)));
  }
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads a duration like `500ms`, `10s`, `5m` or `1h` as milliseconds from 1 to a day; usage failure naming the flag. */
export function parseDurationMs(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const value = Math.round(Number(match?.[1]) * (UNITS_MS[match?.[2] ?? ''] ?? Number.NaN));
  if (!Number.isInteger(value) || value < 1 || value > 86_400_000) {
    throw usageFailure(
      `${flag} "${text}" is not a duration`,
      'write it like 500ms, 10s, 5m or 1h (24h at most)',
    );
  }
  return value;
}
