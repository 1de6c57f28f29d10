import { readFileSync } from 'node:fs';
import {
  credentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';

const HOST = 'grpc.example.org';
const pass = (value: Buffer): Buffer => value;
const method = (path: string, responseStream: boolean, requestStream = false) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
});
const service = {
  unary: method('/echo.Echo/Unary', false),
  stream: method('/echo.Echo/Stream', true),
} satisfies ServiceDefinition;

let fixture: HttpFixture;
let server: Server;
let cancelled = 0;

beforeAll(async () => {
  fixture = await startHttpFixture();
  server = new Server();
  const unary: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    if (call.request.toString() === 'fail') {
      const trailers = new Metadata();
      trailers.set('x-why', 'because');
      trailers.set('x-forwarded-for', 'upstream may say what it likes');
      done({ code: 9, details: 'not now', metadata: trailers });
    } else {
      done(null, Buffer.from(`${call.request.toString()} ${call.metadata.get('x-forwarded-for').join()}`));
    }
  };
  const stream: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    call.on('cancelled', () => {
      cancelled += 1;
    });
    call.write(Buffer.from('one'));
    if (call.request.toString() === 'two') {
      call.write(Buffer.from('two'));
      call.end();
    }
  };
  server.addService(service, { unary, stream });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  await fixture.putHost(HOST, port, {
    protocol: 'h2c',
    upstream: { idleBodyMs: 300, responseHeadMs: 60_000 },
  });
});
afterAll(async () => {
  server.forceShutdown();
  await fixture.close();
});

function connect() {
  const Client = makeClientConstructor(service, 'Echo');
  return new Client(
    `127.0.0.1:${fixture.edge.port}`,
    credentials.createSsl(readFileSync(fixture.edge.serverCa)),
    { 'grpc.ssl_target_name_override': HOST, 'grpc.default_authority': HOST },
  );
}

test('unary calls, status and trailers come through, and forged metadata does not', async () => {
  const client = connect();
  const unary = client.unary?.bind(client) as (
    message: Buffer,
    metadata: Metadata,
    done: (error: ServiceError | null, answer?: Buffer) => void,
  ) => void;
  const call = (text: string) =>
    new Promise<{ error: ServiceError | null; answer: string }>((resolve) => {
      const metadata = new Metadata();
      metadata.set('x-forwarded-for', 'forged');
      unary(Buffer.from(text), metadata, (error, answer) =>
        resolve({ error, answer: answer?.toString() ?? '' }),
      );
    });
  expect(await call('hi')).toEqual({ error: null, answer: 'hi 127.0.0.1' });
  const { error } = await call('fail');
  expect(error).toMatchObject({ code: 9, details: 'not now' });
  expect(error?.metadata.get('x-why')).toEqual(['because']);
  client.close();
});

test('a stream may be silent for longer than the idle time, and its cancellation reaches the service', async () => {
  const client = connect();
  const stream = client.stream?.bind(client) as (
    message: Buffer,
  ) => import('@grpc/grpc-js').ClientReadableStream<Buffer>;
  const whole: string[] = [];
  for await (const part of stream(Buffer.from('two'))) whole.push(String(part));
  expect(whole).toEqual(['one', 'two']);

  const open = stream(Buffer.from('open'));
  let failure: Error | undefined;
  open.on('error', (error) => {
    failure = error;
  });
  await new Promise((resolve) => open.once('data', resolve));
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(failure).toBeUndefined();
  open.cancel();
  for (let waited = 0; waited < 20_000 && cancelled === 0; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(cancelled).toBe(1);
  client.close();
});
