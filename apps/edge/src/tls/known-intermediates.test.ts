import { CA_EXTENSIONS, forgeCertificate, newKey } from '@postern/admission/testing';
import { expect, test } from 'vitest';
import { EDGE_LIMITS } from '../limits.ts';
import { KnownIntermediates, type SharedIntermediates } from './known-intermediates.ts';

const [rootKey, middleKey, leafKey] = [newKey(), newKey(), newKey()];
const middle = forgeCertificate({
  ...{ subject: 'Middle', issuer: 'Root', key: middleKey, issuerKey: rootKey },
  extensions: CA_EXTENSIONS,
});
const leafOf = (subject: string, issuer = 'Middle') =>
  forgeCertificate({ subject, issuer, key: leafKey, issuerKey: middleKey });
const [known, sibling, stranger] = [leafOf('one'), leafOf('two'), leafOf('three', 'Elsewhere')];

test('what stood above one leaf is found for it and for others of its issuer, under the same policy only', () => {
  const shared: SharedIntermediates[] = [];
  const intermediates = new KnownIntermediates((news) => shared.push(news));
  intermediates.remember('policy', known, [middle]);
  intermediates.remember('policy', known, [middle]);
  expect(shared).toHaveLength(1);
  expect(intermediates.of('policy').find(known)).toEqual([middle]);
  expect(intermediates.of('policy').find(sibling)).toEqual([]);
  expect(intermediates.of('policy').above(sibling)).toEqual([middle]);
  expect(intermediates.of('policy').above(stranger)).toEqual([]);
  expect(intermediates.of('policy').above(Buffer.from('garbage'))).toEqual([]);
  expect(intermediates.of('other').find(known)).toEqual([]);
  expect(intermediates.of('other').above(sibling)).toEqual([]);

  const elsewhere = new KnownIntermediates(() => {});
  for (const news of shared) elsewhere.take(news);
  expect(elsewhere.of('policy').find(known)).toEqual([middle]);
  expect(elsewhere.of('policy').above(sibling)).toEqual([middle]);
});

test('what a client sent is read once for a leaf, and only so often for those whom OpenSSL refuses', () => {
  const intermediates = new KnownIntermediates(() => {}).of('policy');
  expect(intermediates.mayRead(known, true)).toBe(true);
  expect(intermediates.mayRead(known, true)).toBe(false);
  for (let count = 0; count < EDGE_LIMITS.refusedChainReadingsMax; count += 1) {
    expect(intermediates.mayRead(Buffer.from(`stranger ${count}`), false)).toBe(true);
  }
  expect(intermediates.mayRead(stranger, false)).toBe(false);
  expect(intermediates.mayRead(stranger, true)).toBe(true);
});
