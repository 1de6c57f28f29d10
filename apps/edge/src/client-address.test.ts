import { expect, test } from 'vitest';
import { addressRanges } from './accept/address-ranges.ts';
import { dial, readToEnd } from './testing/client-hellos.ts';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { curl } from './testing/openssl-client.ts';

async function withEdge(
  ranges: string[],
  use: (edge: EdgeFixture) => Promise<void>,
  helloMs = 20_000,
): Promise<void> {
  const edge = await startEdgeFixture({
    proxyProtocolFrom: addressRanges(ranges) ?? null,
    limits: { helloMs },
  });
  await edge.putHost('open.example');
  try {
    await use(edge);
  } finally {
    await edge.close();
  }
}

test('a trusted peer says who the client is, on both listeners', async () => {
  await withEdge(['127.0.0.0/8'], async (edge) => {
    const { stdout } = await curl(edge, 'open.example', { args: ['--haproxy-protocol'] });
    expect(JSON.parse(stdout)).toMatchObject({ clientAddress: '127.0.0.1', protocol: 'h2' });
    const plain = await dial(edge.httpPort);
    plain.write(
      'PROXY TCP4 192.0.2.7 198.51.100.1 8080 80\r\nGET / HTTP/1.1\r\nHost: open.example\r\nConnection: close\r\n\r\n',
    );
    expect((await readToEnd(plain)).bytes.toString()).toContain('200 OK');
  });
});

test('a trusted peer that sends no header, garbage or half of one is closed', async () => {
  await withEdge(
    ['127.0.0.1'],
    async (edge) => {
      expect((await curl(edge, 'open.example')).code).not.toBe(0);
      for (const bytes of ['PROXY TCP4 nonsense\r\n', 'PROXY TCP', '']) {
        const socket = await dial(edge.port);
        socket.write(bytes);
        expect((await readToEnd(socket)).bytes).toHaveLength(0);
      }
    },
    500,
  );
});

test('a header from anyone else is no TLS, and its address is not believed', async () => {
  await withEdge(['192.0.2.0/24', 'fd00::/8'], async (edge) => {
    expect((await curl(edge, 'open.example', { args: ['--haproxy-protocol'] })).code).not.toBe(0);
    expect((await curl(edge, 'open.example')).code).toBe(0);
  });
});
