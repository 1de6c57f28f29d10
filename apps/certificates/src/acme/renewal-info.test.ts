import { describe, expect, test } from 'vitest';
import { ariCertIdOf, renewalTimeIn } from './renewal-info.ts';

/** The example of RFC 9773, appendix A. */
const EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`;

test('a certificate has the name that RFC 9773 gives its example', () => {
  expect(ariCertIdOf(EXAMPLE)).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
});

describe('a renewal', () => {
  const window = { start: 1000, end: 2000 };
  const half = () => 0.5;

  test('keeps its time where that lies in the window', () => {
    expect(renewalTimeIn(window, 1200, 0, half)).toBe(1200);
  });

  test('moves into the window, to a time at random, but never into the past', () => {
    expect(renewalTimeIn(window, 5000, 0, half)).toBe(1500);
    expect(renewalTimeIn(window, 500, 0, half)).toBe(1500);
    expect(renewalTimeIn(window, 5000, 1800, half)).toBe(1800);
  });

  test('comes at once when the window is over', () => {
    expect(renewalTimeIn(window, 1500, 2000, half)).toBe(2000);
    expect(renewalTimeIn(window, 9000, 3000, half)).toBe(3000);
  });
});
