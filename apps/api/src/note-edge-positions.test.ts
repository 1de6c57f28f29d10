import type { Challenge, Hostname } from '@postern/contracts';
import { afterEach, expect, test, vi } from 'vitest';
import { EdgeRegistry } from './edge-registry.ts';
import { startEdgePositions } from './note-edge-positions.ts';

const report = (appliedRevision: number) => ({ edge: 'east', epoch: 'e', appliedRevision, closedHosts: [] });
const challenge: Challenge = {
  type: 'tls-alpn-01',
  host: 'a.example.org' as Hostname,
  keyAuthorization: 'a.b',
  expiresAt: 1,
};
const log = { debug() {}, info() {}, warn() {}, error: vi.fn() };

let stop: (() => Promise<void>) | undefined;
afterEach(async () => stop?.());

test('where an edge stands is stored while there are challenges, that it is there always, and that it left', async () => {
  const edges = new EdgeRegistry();
  const clock = { now: 1000 };
  const challenges: { id: string; challenge: Challenge }[] = [];
  const calls: unknown[] = [];
  const store = {
    noteEdge: async ({ name, appliedRevision }: { name: string; appliedRevision: number }) =>
      void calls.push([name, appliedRevision]),
    forgetEdge: async () => void calls.push('gone'),
    listChallenges: async () => challenges,
  };
  ({ stop } = startEdgePositions({ store, edges, log, now: () => clock.now }));
  const until = (expected: unknown[]) => vi.waitFor(() => expect(calls).toEqual(expected), 30_000);
  const leave = edges.connect('t', 'east', clock.now);
  await until([['east', 0]]);
  edges.report('t', report(5), 5, clock.now);
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(calls).toHaveLength(1);
  challenges.push({ id: 'tls-alpn-01:a.example.org', challenge });
  edges.report('t', report(6), 6, clock.now);
  await until([
    ['east', 0],
    ['east', 6],
  ]);
  challenges.pop();
  clock.now += 16_000;
  edges.report('t', report(7), 7, clock.now);
  await until([
    ['east', 0],
    ['east', 6],
    ['east', 7],
  ]);
  leave();
  await until([['east', 0], ['east', 6], ['east', 7], 'gone']);
  expect(log.error).not.toHaveBeenCalled();
});
