import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type PosternClient } from '@postern/client';
import { afterEach, expect, test } from 'vitest';
import { EdgeClient } from '../flow/edge-client.ts';
import { type ChallengeServer, startChallengeServer } from './challtestsrv.ts';
import { type DnsWebhook, startDnsWebhook } from './dns-webhook.ts';
import { type PlatformWithCa, startPlatformWithCa } from './platform-with-ca.ts';

const HOSTS = 100;
const SERVFAIL_MS = 30_000;
const PROJECT = 'default';
/** Milliseconds for 100 of anything, on a machine that does other things too. */
const ALL_MS_MAX = 400_000;

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** Asks the edge for one host after the other until it is ended; counts what failed. */
function keepAsking(
  whole: PlatformWithCa,
  hosts: readonly string[],
): { end(): Promise<{ asked: number; failed: string[] }> } {
  const edge = new EdgeClient(whole.platform.ports.https, readFileSync(whole.rootFile, 'utf8'));
  let isEnded = false;
  let asked = 0;
  const failed: string[] = [];
  const ask = async (): Promise<void> => {
    while (!isEnded) {
      const host = hosts[asked % hosts.length] ?? '';
      asked += 1;
      try {
        const { status } = await edge.get(host);
        if (status !== 200) failed.push(`${host}: ${status}`);
      } catch (error) {
        failed.push(`${host}: ${String(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const asking = Promise.all([ask(), ask()]);
  return {
    async end() {
      isEnded = true;
      await asking;
      edge[Symbol.dispose]();
      return { asked, failed };
    },
  };
}

async function untilAll(
  client: PosternClient,
  hosts: readonly string[],
  holds: (fingerprint: string | null, host: string) => boolean,
): Promise<Map<string, string>> {
  const until = Date.now() + ALL_MS_MAX;
  for (;;) {
    const all = await client.certificates.list(PROJECT);
    const found = new Map(
      all.flatMap(({ names, certificate }) =>
        names.map((name) => [name as string, certificate?.fingerprint ?? null] as const),
      ),
    );
    const missing = hosts.filter((host) => !holds(found.get(host) ?? null, host));
    if (missing.length === 0) return new Map(hosts.map((host) => [host, found.get(host) ?? '']));
    if (Date.now() > until) {
      const why = all.filter(({ names }) => names.some((name) => missing.includes(name))).slice(0, 3);
      throw new Error(`${missing.length} of ${hosts.length} are missing: ${JSON.stringify(why)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function setServfail(
  dns: ChallengeServer,
  hosts: readonly string[],
  what: 'set' | 'clear',
): Promise<void> {
  for (const host of hosts) await dns.set(`${what}-servfail`, { host: `${host}.` });
}

const cells = ['tls-alpn-01', 'http-01', 'dns-01'].flatMap((type) =>
  [0, 50, 100].map((reuse) => [type, reuse] as const),
);

test.each(cells)(
  `by %s, of authorizations %d per cent reused: ${HOSTS} of ${HOSTS} hosts are issued, renewed over 30 s of SERVFAIL without a failed request, and revoked`,
  async (type, authorizationReuse) => {
    let webhook: DnsWebhook | undefined;
    const dns = await startChallengeServer();
    open.push(dns);
    if (type === 'dns-01') {
      webhook = await startDnsWebhook(dns);
      open.push(webhook);
    }
    const whole = await startPlatformWithCa(
      { nonceReject: 50, authorizationReuse, dnsServer: dns.dns },
      {
        POSTERN_ACME_CHALLENGES: type,
        POSTERN_DNS_SERVERS: dns.dns,
        ...(webhook === undefined
          ? {}
          : { POSTERN_ACME_DNS_PROVIDER: 'webhook', POSTERN_ACME_DNS_WEBHOOK_URL: webhook.url }),
      },
    );
    open.push(whole);
    const { platform, pebble } = whole;
    const client = createClient({
      url: `http://127.0.0.1:${platform.ports.api}`,
      token: readFileSync(join(platform.env.POSTERN_DATA_DIR ?? '', 'admin-token'), 'utf8').trim(),
      timeoutMs: 30_000,
    });
    const hosts = Array.from({ length: HOSTS }, (_, n) => `h${n}.d${n % 5}.test`);
    const begunAt = performance.now();
    for (const [n, host] of hosts.entries())
      await client.routes.create(PROJECT, {
        name: `r${n}`,
        spec: { host, routes: [{ prefix: '/', route: { service: 'echo' } }] },
      });
    const first = await untilAll(client, hosts, (fingerprint) => fingerprint !== null);
    const issuedMs = performance.now() - begunAt;

    const load = keepAsking(whole, hosts);
    await setServfail(dns, hosts, 'set');
    for (const host of hosts) await client.certificates.renew(PROJECT, host);
    await new Promise((resolve) => setTimeout(resolve, SERVFAIL_MS));
    await setServfail(dns, hosts, 'clear');
    const clearedAt = performance.now();
    const second = await untilAll(client, hosts, (fingerprint, host) => fingerprint !== first.get(host));
    const renewedMs = performance.now() - clearedAt;
    const serials = new Map<string, string>();
    for (const host of hosts) {
      const { chainPem } = await client.certificates.get(PROJECT, host);
      serials.set(host, new X509Certificate(chainPem ?? '').serialNumber.toLowerCase());
    }

    const revokedAt = performance.now();
    for (const host of hosts) await client.certificates.revoke(PROJECT, host, { reason: 'superseded' });
    await untilAll(client, hosts, (fingerprint, host) => fingerprint !== second.get(host));
    const revokedMs = performance.now() - revokedAt;
    for (const serial of serials.values()) expect(await pebble.statusOf(serial)).toBe('Revoked');
    const { asked, failed } = await load.end();
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(HOSTS);
    if (webhook !== undefined) expect(webhook.records()).toEqual([]);
    const seconds = [issuedMs, renewedMs, revokedMs].map((ms) => (ms / 1000).toFixed(1)).join(' s, ');
    console.log(
      `${type}, reuse ${authorizationReuse} %: issued, renewed after SERVFAIL, revoked and replaced in ${seconds} s; ${asked} requests, ${failed.length} failed`,
    );
  },
  1_800_000,
);

test('1,000 hosts that are added at once get their certificates, and the queue only grows shorter', async () => {
  const dns = await startChallengeServer();
  open.push(dns);
  const whole = await startPlatformWithCa(
    { nonceReject: 5, dnsServer: dns.dns },
    { POSTERN_DNS_SERVERS: dns.dns },
  );
  open.push(whole);
  const { platform } = whole;
  const client = createClient({
    url: `http://127.0.0.1:${platform.ports.api}`,
    token: readFileSync(join(platform.env.POSTERN_DATA_DIR ?? '', 'admin-token'), 'utf8').trim(),
    timeoutMs: 30_000,
  });
  const hosts = Array.from({ length: 1_000 }, (_, n) => `h${n}.d${n % 100}.test`);
  const begunAt = performance.now();
  for (const [n, host] of hosts.entries())
    await client.routes.create(PROJECT, {
      name: `r${n}`,
      spec: { host, routes: [{ prefix: '/', route: { service: 'echo' } }] },
    });
  const createdMs = performance.now() - begunAt;
  const pending = async (): Promise<number> => {
    const { stdout } = await platform.postern(['cert', 'list', '--pending', '-q']);
    return stdout.split('\n').filter((line) => line !== '').length;
  };
  const left = [await pending()];
  while (left.at(-1) !== 0) {
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    left.push(await pending());
  }
  console.log(
    `1,000 hosts created in ${createdMs.toFixed(0)} ms; still pending, every 10 s: ${left.join(', ')}`,
  );
  expect(left).toEqual([...left].sort((one, other) => other - one));
  await untilAll(client, hosts, (fingerprint) => fingerprint !== null);
}, 1_800_000);
