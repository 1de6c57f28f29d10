import { expect, test } from 'vitest';
import { newMasterKey, openCertificateKey, openWithMasterKey, sealWithMasterKey } from './master-seal.ts';

const key = newMasterKey();
const aad = 'secret:default/my-cert:tls';

test('what is sealed opens with the same key and use, and two seals of the same bytes differ', () => {
  const sealed = sealWithMasterKey(key, Buffer.from('canary-4711'), aad);
  expect(openWithMasterKey(key, sealed, aad).toString()).toBe('canary-4711');
  expect(sealWithMasterKey(key, Buffer.from('canary-4711'), aad)).not.toBe(sealed);
  expect(Buffer.from(sealed.split('.').at(-1) ?? '', 'base64url').includes('canary')).toBe(false);
});

test('another key, another use, a rewritten use or any changed character is refused', () => {
  const sealed = sealWithMasterKey(key, Buffer.from('value'), aad);
  expect(() => openWithMasterKey(newMasterKey(), sealed, aad)).toThrow('could not be opened');
  expect(() => openWithMasterKey(key, sealed, 'secret:default/other:tls')).toThrow('could not be opened');
  const [format, , wrapped, body] = sealed.split('.');
  const other = 'secret:default/other:tls';
  const renamed = [format, Buffer.from(other).toString('base64url'), wrapped, body].join('.');
  expect(() => openWithMasterKey(key, renamed, other)).toThrow('could not be opened');
  for (let at = 0; at < sealed.length; at += 1) {
    if (sealed[at] === 'A' || at === sealed.length - 1) continue;
    const changed = `${sealed.slice(0, at)}A${sealed.slice(at + 1)}`;
    expect(() => openWithMasterKey(key, changed, aad)).toThrow('could not be opened');
  }
});

test('only certificate keys open without their exact use', () => {
  const certificateKey = sealWithMasterKey(key, Buffer.from('k'), 'certificate-key:issued:a.localhost');
  expect(openCertificateKey(key, certificateKey).toString()).toBe('k');
  expect(() => openCertificateKey(key, sealWithMasterKey(key, Buffer.from('k'), aad))).toThrow(
    'something else',
  );
});

test('a key that is not 32 bytes is refused', () => {
  expect(() => sealWithMasterKey(Buffer.alloc(16), Buffer.from('x'), aad)).toThrow('32 bytes');
});
