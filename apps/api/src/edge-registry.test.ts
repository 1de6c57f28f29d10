import { expect, test } from 'vitest';
import { EdgeRegistry } from './edge-registry.ts';

const report = (edge: string) => ({ edge, epoch: 'e', appliedRevision: 5, closedHosts: [] });

test('an edge counts while it reads the feed and reports; one that falls silent counts no more', () => {
  const edges = new EdgeRegistry();
  const leave = edges.connect('t', 'a', 1000);
  expect(edges.listConnected(36_000)).toMatchObject([
    { edge: 'a', appliedRevision: 0, connectedSince: 1000 },
  ]);
  expect(edges.listConnected(36_001)).toEqual([]);
  edges.report('t', report('a'), 5, 40_000);
  expect(edges.listConnected(75_000)).toMatchObject([{ appliedRevision: 5, connectedSince: 1000 }]);
  leave();
  expect(edges.listConnected(40_000)).toEqual([]);
});

test('a reconnect before the old connection is noticed keeps the edge connected, and what it had reported', () => {
  const edges = new EdgeRegistry();
  const leaveOld = edges.connect('t', 'a', 1);
  edges.report('t', report('a'), 5, 2);
  const leaveNew = edges.connect('t', 'a', 3);
  leaveOld();
  leaveOld();
  expect(edges.listConnected(4)).toMatchObject([{ appliedRevision: 5, connectedSince: 1 }]);
  leaveNew();
  expect(edges.listConnected(4)).toEqual([]);
});

test('a report under another token says nothing about an edge of the same name', () => {
  const edges = new EdgeRegistry();
  edges.connect('mine', 'a', 1);
  edges.report('theirs', report('a'), 99, 1);
  expect(edges.listConnected(1)).toMatchObject([{ appliedRevision: 0 }]);
});

test('edges that are gone are forgotten before memory grows; connected ones never are', () => {
  const edges = new EdgeRegistry();
  edges.connect('t', 'stays', 1);
  for (let n = 0; n < 3000; n += 1) edges.report('t', report(`gone-${n}`), 1, 1);
  expect(edges.listConnected(1).map(({ edge }) => edge)).toEqual(['stays']);
});
