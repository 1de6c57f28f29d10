import type { PosternClient, Written } from '@postern/client';
import {
  type DocumentKind,
  PosternError,
  type RouteResource,
  type SecretResource,
  type ServiceResource,
} from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { failureKindOf } from '../exit-codes.ts';
import { hintOf, messageOf } from '../output/report-error.ts';
import { reportDocument } from './check-document-set.ts';
import type { Comparison } from './compare-document.ts';
import type { ApplyPlan, Removal } from './plan-apply.ts';
import { findingsInEnvelope, idOf } from './postern-document.ts';

/** What the API answers to a write. */
type Answer = Written<SecretResource | ServiceResource | RouteResource>;

/** What became of one resource. */
export interface AppliedStep {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'deleted' | 'failed' | 'not applied';
  /** What was written; null where nothing was. */
  readonly written: Answer | null;
}

/** The whole outcome: every step, and the failure that ended it, if one did. */
export interface AppliedPlan {
  readonly steps: readonly AppliedStep[];
  /** The newest revision that came of it; 0 when nothing was written. */
  readonly revision: number;
  readonly failure: CliFailure | null;
}

/** What a dry run does: `client` sends no write, `server` lets the API judge every one without storing it. */
export type DryRun = 'client' | 'server' | null;

interface Task {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly outcome: AppliedStep['outcome'];
  /** Null where nothing is sent. */
  readonly send: (() => Promise<Answer | { readonly revision: number }>) | null;
  readonly explain: (error: unknown) => CliFailure;
}

/**
 * Carries a plan out, step by step, until one fails: what comes after it is left alone, and said to be. Never throws for
 * what the API refuses or for an API that does not answer.
 */
export async function runApply(
  client: PosternClient,
  project: string,
  plan: ApplyPlan,
  dryRun: DryRun,
): Promise<AppliedPlan> {
  const created = plan.comparisons
    .filter(({ action }) => action === 'create')
    .map(({ document }) => document.name);
  const tasks = [
    ...plan.comparisons.map((comparison) => writeTask(client, project, comparison, dryRun)),
    ...plan.removals.map((removal) => removeTask(client, project, removal, dryRun)),
  ];
  const steps: AppliedStep[] = [];
  let failure: CliFailure | null = null;
  let revision = 0;
  for (const { kind, name, outcome, send, explain } of tasks) {
    if (failure !== null) {
      steps.push({ kind, name, outcome: 'not applied', written: null });
      continue;
    }
    try {
      const answer = send === null ? null : await send();
      revision = Math.max(revision, answer?.revision ?? 0);
      steps.push({
        kind,
        name,
        outcome,
        written: isAnswer(answer) ? answer : null,
      });
    } catch (error) {
      const passes = dryRun === 'server' && onlyAwaits(error, created);
      if (!passes) failure = explain(error);
      steps.push({ kind, name, outcome: passes ? outcome : 'failed', written: null });
    }
  }
  return { steps, revision, failure };
}

function isAnswer(answer: Answer | { readonly revision: number } | null): answer is Answer {
  return answer !== null && 'resource' in answer;
}

const OUTCOMES = { create: 'created', update: 'updated', unchanged: 'unchanged' } as const;

function writeTask(client: PosternClient, project: string, comparison: Comparison, dryRun: DryRun): Task {
  const { document, action } = comparison;
  const silent = action === 'unchanged' || dryRun === 'client';
  return {
    kind: document.kind,
    name: document.name,
    outcome: OUTCOMES[action],
    send: silent ? null : () => sendDocument(client, project, comparison, dryRun === 'server'),
    explain(error) {
      if (!(error instanceof PosternError) || error.findings.length === 0) {
        return namedFailure(idOf(document), error);
      }
      const { text, findings } = reportDocument(document, findingsInEnvelope(error.findings));
      const message = `${idOf(document)} is refused`;
      return new CliFailure(failureKindOf(error), message, { report: text, findings, cause: error });
    },
  };
}

/** Sends one document; with `dryRun` nothing is stored. What the caller has not read is not overwritten. */
export async function sendDocument(
  client: PosternClient,
  project: string,
  { document, version, action }: Comparison,
  dryRun: boolean,
): Promise<Answer> {
  const { name } = document;
  const labels = document.labels ?? undefined;
  const options = { ifVersion: version, ...(dryRun ? { dryRun } : {}) };
  const creating = action === 'create';
  switch (document.kind) {
    case 'secret': {
      if (document.values === null) throw new Error(`${idOf(document)} has no values to send`);
      const body = { labels, secret: document.values.input };
      return client.secrets.put(project, name, body, creating ? { ...options, ifVersion: 0 } : options);
    }
    case 'service': {
      const body = { labels, spec: document.spec };
      return creating
        ? client.services.create(project, { name, ...body }, options)
        : client.services.update(project, name, body, options);
    }
    case 'route': {
      const body = { labels, spec: document.spec };
      return creating
        ? client.routes.create(project, { name, ...body }, options)
        : client.routes.update(project, name, body, options);
    }
  }
}

const COLLECTIONS = { secret: 'secrets', service: 'services', route: 'routes' } as const;

function removeTask(client: PosternClient, project: string, removal: Removal, dryRun: DryRun): Task {
  const { kind, name, version } = removal;
  const remove = () => client[COLLECTIONS[kind]].delete(project, name, { ifVersion: version });
  return {
    kind,
    name,
    outcome: 'deleted',
    // A resource that is still used by one that goes first could not be judged alone: dry runs send no deletion.
    send: dryRun === null ? remove : null,
    explain: (error) => namedFailure(idOf(removal), error),
  };
}

function namedFailure(id: string, error: unknown): CliFailure {
  if (!(error instanceof PosternError) && failureKindOf(error) === 'failed') throw error;
  return new CliFailure(failureKindOf(error), `${id}: ${messageOf(error)}`, {
    hint: hintOf(error),
    cause: error,
  });
}

/** A dry run stores nothing, so the API misses what earlier documents would have created; that alone is no failure. */
function onlyAwaits(error: unknown, created: readonly string[]): boolean {
  if (!(error instanceof PosternError)) return false;
  const errors = error.findings.filter(({ severity }) => severity === 'error');
  return (
    errors.length > 0 &&
    errors.every(
      ({ code, message }) =>
        code === 'reference_missing' && created.some((name) => message.includes(`"${name}"`)),
    )
  );
}
