import { createServer, type Socket } from 'node:net';

/** A server that keeps every byte it gets and answers each request head it sees; it parses as little as it can. */
export interface RecordingUpstream {
  readonly port: number;
  /** All bytes of all connections so far, latin1. */
  text(): string;
  clear(): void;
  /** Connections open now. */
  open(): number;
  connections(): number;
  close(): Promise<void>;
}

export const OK_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** `answer` gives what to write when a head has ended (or nothing); by default 200 "ok". */
export function startRecordingUpstream(
  answer: (head: string, socket: Socket) => string | null = () => OK_ANSWER,
): Promise<RecordingUpstream> {
  let recorded = '';
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    let buffered = '';
    socket.on('data', (chunk) => {
      recorded += chunk.toString('latin1');
      buffered += chunk.toString('latin1');
      for (;;) {
        const end = buffered.indexOf('\r\n\r\n');
        if (end === -1) return;
        const head = buffered.slice(0, end + 4);
        buffered = buffered.slice(end + 4);
        // A body before the head stays in front of it; the end of a chunked body is no head.
        if (!/[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(head)) continue;
        const reply = answer(head, socket);
        if (reply !== null) socket.write(reply, 'latin1');
      }
    });
  });
  return new Promise((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : 0,
        text: () => recorded,
        clear() {
          recorded = '';
        },
        open: () => sockets.size,
        connections: () => connections,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}
