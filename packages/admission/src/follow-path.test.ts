import { X509Certificate } from 'node:crypto';
import { caScript, leafScript, type OpensslFolder, openOpensslFolder } from '@postern/pki/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followPath } from './follow-path.ts';

const CA = 'basicConstraints=critical,CA:TRUE';
let folder: OpensslFolder;

/** `under` signs with the subject of `as` and a key of its own, or with that of `key`. */
function issue(
  name: string,
  under: string,
  { as = name, key = name, days = 30, extensions = CA } = {},
): void {
  folder.run(`[ -f ${key}.key ] || openssl ecparam -name prime256v1 -genkey -noout -out ${key}.key
    openssl req -new -key ${key}.key -subj "/CN=${as}" -out ${name}.csr
    openssl x509 -req -in ${name}.csr -CA ${under}.crt -CAkey ${under}.key -CAcreateserial -days ${days} -out ${name}.crt \
      ${extensions === '' ? '' : `-extfile <(printf '%b' '${extensions}')`}`);
}

beforeAll(() => {
  folder = openOpensslFolder();
  folder.run(`${caScript('root', '/CN=root', 90)}\n${caScript('stranger', '/CN=stranger')}`);
  // The same CA under the same key with an earlier end, as it was before it was renewed.
  folder.run(`openssl x509 -in root.crt -signkey root.key -days 5 -out old-root.crt`);
  issue('sub', 'root', { days: 60, extensions: `${CA}\\nnameConstraints=permitted;DNS:partner.org` });
  issue('fake-sub', 'stranger', { as: 'sub', days: 900 });
  issue('no-ca', 'root', { as: 'sub', key: 'sub', extensions: 'basicConstraints=CA:FALSE' });
  folder.run(leafScript('direct', { ca: 'root' }));
  folder.run(leafScript('leaf', { ca: 'sub' }));
});
afterAll(() => folder[Symbol.dispose]());

const read = (name: string) => new X509Certificate(folder.read(`${name}.crt`));
const endOf = (name: string) => read(name).validToDate.getTime();

function follow(leaf: string, sent: string[], anchors: string[]) {
  const path = followPath(read(leaf), sent.map(read), anchors.map(read));
  if (path === undefined) return undefined;
  const { intermediates, ...rest } = path;
  return { ...rest, intermediates: intermediates.map(({ subject }) => subject) };
}

test('a leaf right under the anchor needs nothing else, whatever is sent beside it', () => {
  const direct = { intermediates: [], validUntil: endOf('direct'), constrainsNames: false };
  expect(follow('direct', [], ['root'])).toEqual(direct);
  expect(follow('direct', ['root'], ['root'])).toEqual(direct);
  expect(follow('direct', ['stranger', 'fake-sub'], ['stranger', 'root'])).toEqual(direct);
});

test('a renewed CA counts with its latest certificate, though the old one is sent or trusted too', () => {
  expect(follow('direct', ['old-root'], ['root'])?.validUntil).toBe(endOf('direct'));
  expect(follow('direct', [], ['old-root', 'root'])?.validUntil).toBe(endOf('direct'));
  expect(follow('direct', ['root'], ['old-root'])?.validUntil).toBe(endOf('old-root'));
});

test('an intermediate that was sent counts with its limits and its end', () => {
  expect(follow('leaf', ['sub', 'root'], ['root'])).toEqual({
    intermediates: ['CN=sub'],
    validUntil: endOf('leaf'),
    constrainsNames: true,
  });
  expect(follow('leaf', ['sub'], ['old-root'])?.validUntil).toBe(endOf('old-root'));
});

test('anchors above an anchor count too', () => {
  expect(follow('leaf', [], ['sub'])).toMatchObject({ intermediates: [], constrainsNames: true });
  expect(follow('leaf', [], ['sub', 'old-root'])?.validUntil).toBe(endOf('old-root'));
  expect(follow('sub', [], ['sub', 'root'])).toMatchObject({
    constrainsNames: false,
    validUntil: endOf('sub'),
  });
  expect(follow('root', [], ['root'])).toMatchObject({ intermediates: [], validUntil: endOf('root') });
});

test('an issuer by name alone, a certificate that is no CA, and a gap lead nowhere', () => {
  expect(follow('leaf', ['fake-sub', 'stranger'], ['root', 'stranger'])).toBeUndefined();
  expect(follow('leaf', ['fake-sub', 'sub'], ['root'])).toBeUndefined();
  expect(follow('leaf', ['no-ca'], ['root'])).toBeUndefined();
  expect(follow('leaf', [], ['root'])).toBeUndefined();
  expect(follow('direct', ['root'], ['stranger'])).toBeUndefined();
  expect(follow('direct', ['root'], [])).toBeUndefined();
});
