import { randomBytes } from 'node:crypto';
import type { TargetReport } from '@postern/contracts';
import type { CliHarness } from './cli-harness.ts';

/** An edge that serves nothing: it reads the feed and, while `applies` is true, reports that it is as far. */
export interface ReportingEdge extends AsyncDisposable {
  applies: boolean;
  /** What it says of targets, from its next report on. */
  targets: readonly TargetReport[];
}

/** Connects one; the API takes it for a real edge. */
export async function connectReportingEdge(cli: CliHarness): Promise<ReportingEdge> {
  const ending = new AbortController();
  const headers = { authorization: `Bearer ${cli.edgeToken}` };
  const response = await fetch(`${cli.url}/v1/feed?edge=test`, {
    headers: { ...headers, 'postern-edge-key': randomBytes(32).toString('base64url') },
    signal: ending.signal,
  });
  if (!response.ok || response.body === null) throw new Error(`the feed answers ${response.status}`);
  const edge = { applies: true, targets: [] as readonly TargetReport[] };
  let reports = 0;
  let newest: readonly [epoch: string, revision: number] | undefined;
  const report = async (epoch: string, revision: number): Promise<void> => {
    newest = [epoch, revision];
    reports += 1;
    // Every report is a new run with a whole list.
    const targets = { run: `run-${reports}`, after: 0, upTo: edge.targets.length, changed: edge.targets };
    await fetch(`${cli.url}/v1/reports`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ edge: 'test', epoch, appliedRevision: revision, closedHosts: [], targets }),
    });
  };
  // An edge that is silent for 35 s counts as gone.
  const alive = setInterval(() => {
    if (edge.applies && newest !== undefined) report(...newest).catch(() => undefined);
  }, 10_000);
  const reading = follow(response.body, async (epoch, revision) => {
    if (edge.applies) await report(epoch, revision);
  }).catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return Object.assign(edge, {
    async [Symbol.asyncDispose]() {
      clearInterval(alive);
      ending.abort();
      await reading;
    },
  });
}

async function follow(
  body: ReadableStream<Uint8Array>,
  onSynced: (epoch: string, revision: number) => Promise<void>,
): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^event: ?synced$/m.test(event) ? /^data: ?(.*)$/m.exec(event)?.[1] : undefined;
      if (data === undefined) continue;
      const { epoch, revision } = JSON.parse(data) as { epoch: string; revision: number };
      await onSynced(epoch, revision);
    }
  }
}
