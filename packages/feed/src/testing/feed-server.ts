import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseCursor, type StreamFeedOptions, streamFeed } from '../server/index.ts';

/** A feed on node:http, which can be stopped, started again on the same port, and have its connections cut. */
export class FeedServer {
  /** The `after` of each request, in order. */
  readonly asked: (string | null)[] = [];
  readonly requests: IncomingMessage[] = [];
  readonly #answer: (request: IncomingMessage, response: ServerResponse, stop: AbortSignal) => void;
  #server: Server | undefined;
  #stop = new AbortController();
  #port = 0;

  constructor(answer: (request: IncomingMessage, response: ServerResponse, stop: AbortSignal) => void) {
    this.#answer = answer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1/feed`;
  }

  async start(): Promise<void> {
    this.#stop = new AbortController();
    const server = createServer((request, response) => {
      this.asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
      this.requests.push(request);
      this.#answer(request, response, this.#stop.signal);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
  }

  cutConnections(): void {
    this.#server?.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Answers a request with the feed of a source, as the API does. */
export function answerWithFeed(
  request: IncomingMessage,
  response: ServerResponse,
  options: Omit<StreamFeedOptions, 'after'>,
): void {
  const after = new URL(request.url ?? '', 'http://x').searchParams.get('after');
  const stream = streamFeed({ ...options, after: after === null ? null : parseCursor(after) });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  pipeline(Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]), response).catch(
    () => undefined,
  );
}

/** Answers with given event text, in the pieces it is given in, and leaves the stream open. */
export async function answerWithText(
  response: ServerResponse,
  pieces: readonly (string | Buffer)[],
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const piece of pieces) {
    response.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
