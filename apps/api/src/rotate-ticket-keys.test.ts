import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHANGE_BODIES, TICKET_KEYS } from '@postern/contracts';
import { newEdgeKeyPair, newMasterKey, openAtEdge, sealerToEdge } from '@postern/pki';
import { expect, test } from 'vitest';
import { openDataDirectory } from './data-directory.ts';
import { resealForEdge } from './reseal-for-edge.ts';
import { nextTicketKeys, startTicketKeys } from './rotate-ticket-keys.ts';

const masterKey = newMasterKey();
const NOW = Date.parse('2030-01-01T00:00:00Z');

test('a key is followed after 12 h, kept for accepting until 24 h, and gone then', () => {
  const first = nextTicketKeys(undefined, { masterKey, now: NOW });
  if (first === null) throw new Error('no keys were made');
  expect(first.keys).toHaveLength(1);
  expect(nextTicketKeys(first, { masterKey, now: NOW + TICKET_KEYS.rotateAfterMs - 1 })).toBeNull();
  const second = nextTicketKeys(first, { masterKey, now: NOW + TICKET_KEYS.rotateAfterMs });
  expect(second?.keys.map(({ id }) => id)).toEqual([expect.any(String), first.keys[0]?.id]);
  expect(second?.keys[0]?.id).not.toBe(first.keys[0]?.id);
  const late = nextTicketKeys(first, { masterKey, now: NOW + TICKET_KEYS.acceptForMs });
  expect(late?.keys.map(({ id }) => id)).not.toContain(first.keys[0]?.id);
});

test('a key from the future does not outlive a clock that was set back', () => {
  const first = nextTicketKeys(undefined, { masterKey, now: NOW });
  const set = nextTicketKeys(first ?? undefined, { masterKey, now: NOW - 86_400_000 });
  expect(set?.keys).toHaveLength(1);
  expect(set?.keys[0]?.id).not.toBe(first?.keys[0]?.id);
});

test('keys are made once for all starts, and reach an edge sealed to it alone', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-ticket-keys-'));
  const now = () => NOW;
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const data = await openDataDirectory({
    path: join(directory, 'data'),
    databaseUrl: `sqlite:${join(directory, 'data/postern.db')}`,
    now,
  });
  for (const _ of ['first start', 'second start']) {
    const keys = startTicketKeys({ store: data.store, masterKey: data.masterKey, log, now });
    await keys.made;
    keys.stop();
  }
  const changes = (await data.store.changesAfter(0, 100)).filter(({ kind }) => kind === 'ticket-keys');
  expect(changes).toHaveLength(1);
  const [change] = changes;
  if (change === undefined) throw new Error('no change');
  expect(CHANGE_BODIES['ticket-keys'].parse(change.body).keys).toHaveLength(1);

  const edge = newEdgeKeyPair();
  const resealed = resealForEdge(data.masterKey, sealerToEdge(edge.publicKey))(change);
  const [key] = CHANGE_BODIES['ticket-keys'].parse(resealed.body).keys;
  if (key === undefined) throw new Error('no key');
  const use = `edge-ticket-key:${key.id}`;
  expect(openAtEdge(edge.privateKeyPem, key.sealedKey, use)).toHaveLength(TICKET_KEYS.bytes);
  expect(() => openAtEdge(newEdgeKeyPair().privateKeyPem, key.sealedKey, use)).toThrow(/could not be opened/);
  await data.close();
  rmSync(directory, { recursive: true, force: true });
});
