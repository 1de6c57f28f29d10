import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { caScript, openOpensslFolder } from '../testing/openssl.ts';
import { constrainsDnsNames } from './name-constraints.ts';

test('limits on DNS names are seen, limits on other names alone are not, what cannot be read counts as one', () => {
  using folder = openOpensslFolder();
  const derOf = (name: string, constraints: string) => {
    folder.run(
      `${caScript(name)} ${constraints === '' ? '' : `-addext nameConstraints=critical,${constraints}`}`,
    );
    return new X509Certificate(folder.read(`${name}.crt`)).raw;
  };
  const permitted = derOf('permitted', 'permitted\\;DNS:partner.org');
  expect(constrainsDnsNames(permitted)).toBe(true);
  expect(constrainsDnsNames(derOf('excluded', 'excluded\\;DNS:acme.org'))).toBe(true);
  expect(constrainsDnsNames(derOf('mail', 'permitted\\;email:partner.org'))).toBe(false);
  expect(constrainsDnsNames(derOf('none', ''))).toBe(false);
  const damaged = Buffer.from(permitted);
  damaged[damaged.indexOf(Buffer.from([0x55, 0x1d, 0x1e])) + 8] = 0x7f;
  expect(constrainsDnsNames(damaged)).toBe(true);
});
