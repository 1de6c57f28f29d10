import { join } from 'node:path';
import { caScript, leafScript, openOpensslFolder } from '@postern/pki/testing';
import { expect, test, vi } from 'vitest';
import { type PlatformWithCa, startPlatformWithCa } from './platform-with-ca.ts';

const WAIT = { timeout: 150_000, interval: 200 };

async function untilServed(whole: PlatformWithCa, host: string, ...args: string[]): Promise<string> {
  return await vi.waitFor(async () => {
    const { code, stdout, stderr } = await whole.curl(
      host,
      ...['--output', '/dev/null', '--write-out', '%{http_code} %{http_version}', ...args],
    );
    expect(code, stderr).toBe(0);
    return stdout;
  }, WAIT);
}

/** A name that leads elsewhere is not served until its records prove it. */
async function untilProven({ platform, dns, ...whole }: PlatformWithCa): Promise<void> {
  const host = 'late.example.test';
  await dns.set('add-a', { host, addresses: ['127.0.0.9'] });
  await platform.postern(['route', 'create', 'late', '--hostname', host, '--path', '/=echo', '--no-wait']);
  const before = await platform.postern(['hostname', 'check', host]);
  expect(before.stdout + before.stderr).toContain('127.0.0.9');
  expect(before.code).toBe(1);
  expect((await platform.postern(['route', 'get', 'late'])).stdout).toMatch(
    /HostValidation\s+false\s.*DnsNotVerified/,
  );
  const closed = await whole.curl(host);
  expect([closed.code, closed.stderr]).toEqual([35, expect.stringContaining('unrecognized name')]);
  await dns.set('clear-a', { host });
  expect((await platform.postern(['hostname', 'check', host])).code).toBe(0);
  expect(await untilServed({ platform, dns, ...whole }, host, '--http1.1')).toBe('200 1.1');
}

test.each([['tls-alpn-01'], ['http-01']])(
  'by %s a host that demands client certificates gets its own from the CA, and curl trusts it over HTTP/1.1 and HTTP/2',
  async (type) => {
    using files = openOpensslFolder();
    files.run(`${caScript('client-ca')}\n${leafScript('client', { ca: 'client-ca' })}`);
    await using whole = await startPlatformWithCa({ nonceReject: 50 }, { POSTERN_ACME_CHALLENGES: type });
    const { platform } = whole;
    const at = (name: string) => join(files.path, name);
    const done = async (...args: string[]): Promise<void> => {
      const { code, stdout, stderr } = await platform.postern(args);
      expect(code, stdout + stderr).toBe(0);
    };
    await done('secret', 'create', 'tls-ca', 'client-ca', '--cert', at('client-ca.crt'));
    const route = ['--path', '/=echo', '--client-ca-secret', 'client-ca'];
    await done('route', 'create', 'shop', '--hostname', 'shop.example.test', ...route);
    const client = ['--cert', at('client.crt'), '--key', at('client.key')];
    expect(await untilServed(whole, 'shop.example.test', '--http1.1', ...client)).toBe('200 1.1');
    expect(await untilServed(whole, 'shop.example.test', '--http2', ...client)).toBe('200 2');
    // The CA was told to look when every edge could answer: nothing had to be tried again.
    expect(platform.running.output()).not.toContain('certificate not issued');
    const without = await whole.curl('shop.example.test');
    expect([without.code, without.stderr]).toEqual([56, expect.stringContaining('certificate required')]);
    await untilProven(whole);
  },
  240_000,
);
