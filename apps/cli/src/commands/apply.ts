import * as Flags from '@oclif/core/flags';
import type { PosternClient } from '@postern/client';
import type { RouteResource } from '@postern/contracts';
import { PosternCommand } from '../base-command.ts';
import type { DocumentReport } from '../document/document-report.ts';
import type { Removal } from '../document/plan-apply.ts';
import type { AppliedPlan, AppliedStep, DryRun } from '../document/run-apply.ts';
import { FILENAME_FLAG, PRUNE_FLAGS } from './document-flags.ts';
import { WAIT_FLAGS } from './write-flags.ts';

export class Apply extends PosternCommand {
  static override summary = 'Create or update what files describe: secrets, services and routes';
  static override description =
    `Files hold documents {kind, name, labels, spec}, several separated by "---". All of them, and everything they refer to, are checked before the first write; then secrets are written first, services next, routes last. What is stored already is left alone, and what somebody else changes meanwhile is not overwritten. The first failure ends it: what is done and what is not is printed.

With --prune what --selector selects and no document describes is deleted at the end, routes first. It is listed and asked for before anything is written.

A secret without values (as "postern export" writes it) must exist as it is described. "\${...}" is never expanded.

Waits until the edges serve what was written, at most --timeout; then a warning says what is missing, and the exit status is 0.`;
  static readonly exits = {
    0: 'applied, or a dry run without a failure',
    1: 'not confirmed, or the first failure on the way has no status of its own',
    3: 'a document is refused, or refers to nothing',
    6: 'something changed meanwhile, or a name or host is taken',
  };
  static readonly related = ['diff', 'validate', 'export', 'schema'];
  static override examples = [
    'postern apply -f shop.yaml',
    'postern apply -f deploy/ --dry-run=server',
    'postern apply -f deploy/ --prune -l team=shop --yes',
    'postern export | postern apply -f -',
  ];
  static override flags = {
    ...FILENAME_FLAG,
    'dry-run': Flags.string({
      description: 'change nothing: compare here (client), or let the API judge every write too (server)',
      options: ['client', 'server'],
    }),
    ...PRUNE_FLAGS,
    ...WAIT_FLAGS,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Apply);
    const { loadDocuments } = await import('../document/load-documents.ts');
    const { readSelector } = await import('../document/matches-selector.ts');
    const { readPresentState } = await import('../document/present-state.ts');
    const { planApply } = await import('../document/plan-apply.ts');
    const { runApply } = await import('../document/run-apply.ts');
    const dryRun = (flags['dry-run'] ?? null) as DryRun;
    const prune = flags.selector === undefined ? null : readSelector(flags.selector);
    const { documents, warnings } = loadDocuments(flags.filename, Date.now());
    const { client, project } = await this.connect(flags);
    await this.#sayReports(warnings);
    const plan = planApply(documents, await readPresentState(client, project), prune);
    if (dryRun === null) await this.#confirmRemovals(plan.removals, flags);
    const applied = await runApply(client, project, plan, dryRun);
    await this.show(flags, {
      data: { dryRun, steps: applied.steps.map(dataOfStep) },
      names: applied.steps
        .filter(({ outcome }) => isDone(outcome))
        .map(({ kind, name }) => `${kind}/${name}`),
      text: () => applied.steps.map((step) => `${lineOfStep(step, dryRun)}\n`).join(''),
    });
    this.say(summaryOf(applied, dryRun));
    if (flags.wait && dryRun === null) await this.#wait(client, applied, flags.timeout);
    if (applied.failure !== null) throw applied.failure;
  }

  async #sayReports(reports: readonly DocumentReport[]): Promise<void> {
    const { textOfReports } = await import('../document/document-report.ts');
    const text = textOfReports(reports);
    if (text !== '') this.say(text);
  }

  async #confirmRemovals(
    removals: readonly Removal[],
    flags: { readonly yes: boolean; readonly input: boolean },
  ): Promise<void> {
    if (removals.length === 0) return;
    this.say('no document describes these any more:');
    for (const { kind, name } of removals) this.say(`  ${kind}/${name}`);
    const what = removals.length === 1 ? 'this one' : `these ${removals.length}`;
    await this.confirm(`Apply, and delete ${what}?`, flags);
  }

  /** Waits until the edges serve everything that was written, and every written route is ready. */
  async #wait(client: PosternClient, { steps, revision }: AppliedPlan, timeoutMs: number): Promise<void> {
    if (revision === 0) return;
    const { waitUntilReady } = await import('../route/wait-until-ready.ts');
    const { waitForEdge } = await import('../wait-for-edge.ts');
    const until = performance.now() + timeoutMs;
    const leftMs = (): number => Math.max(1, Math.round(until - performance.now()));
    const jobs = steps.map(({ written }) => written?.job ?? null).filter((job) => job !== null);
    for (const job of [...jobs, null]) {
      const missing = await waitForEdge(client, { revision, job }, leftMs());
      if (missing === undefined) continue;
      // Where the edges do not follow, no route gets ready.
      this.say(`warning: ${missing}`);
      return;
    }
    for (const { kind, written } of steps) {
      if (kind !== 'route' || written === null) continue;
      const route = { ...written, resource: written.resource as RouteResource };
      await waitUntilReady(client, route, leftMs(), (line) => this.say(line));
    }
  }
}

function isDone(outcome: AppliedStep['outcome']): boolean {
  return outcome !== 'failed' && outcome !== 'not applied';
}

function dataOfStep({ kind, name, outcome, written }: AppliedStep): unknown {
  return { kind, name, outcome, ...(written === null ? {} : { version: written.resource.version }) };
}

function lineOfStep({ kind, name, outcome }: AppliedStep, dryRun: DryRun): string {
  const changes = ['created', 'updated', 'deleted'].includes(outcome);
  return `${kind}/${name} ${outcome}${changes && dryRun !== null ? ` (dry run: ${dryRun})` : ''}`;
}

function summaryOf({ steps }: AppliedPlan, dryRun: DryRun): string {
  const outcomes = ['created', 'updated', 'unchanged', 'deleted', 'failed', 'not applied'] as const;
  const parts = outcomes
    .map((outcome) => [outcome, steps.filter((step) => step.outcome === outcome).length] as const)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`);
  return `${parts.join(', ')}${dryRun === null ? '' : '; nothing is changed: this was a dry run'}`;
}
