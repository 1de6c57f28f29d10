import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// Below the range from which kernels take ports for connections (RFC 6335 section 6: from 49152; Linux: from 32768):
// a port from that range may be gone before the program that was told of it listens there.
const FIRST = 20_000;
const COUNT = 12_000;

/** As many ports on 127.0.0.1 as asked for that are free over TCP, and that no other test process is given while this one lives. */
export async function takeFreePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    // The same port of another loopback address, kept until the process ends, says to the other test processes that it is taken.
    const claim = await listening(port, '127.0.0.2');
    if (claim === undefined) continue;
    const probe = await listening(port, '127.0.0.1');
    if (probe === undefined) continue;
    await new Promise((done) => probe.close(done));
    claim.unref();
    ports.push(port);
  }
  return ports;
}

async function listening(port: number, host: string): Promise<Server | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
