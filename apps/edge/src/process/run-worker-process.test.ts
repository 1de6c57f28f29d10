import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newEdgeKeyPair } from '@postern/pki';
import { openReplica } from '@postern/replica';
import { expect, test } from 'vitest';
import { asSendHandle, bindSockets } from './listening-sockets.ts';
import { FLAGS_ONCE_LISTENING } from './run-worker-process.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

/** Tells the test of each file that is loaded. */
const TELL_FILES = `data:text/javascript,${encodeURIComponent(
  "import{registerHooks}from'node:module';registerHooks({load(u,c,n){process.stdout.write(u+'\\n');return n(u,c)}})",
)}`;

test('a change that comes while a worker is starting is applied when it listens, and only then acknowledged; what compiles patterns is there soon after', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-worker-'));
  const [replicaFile, edgeKeyFile] = [join(directory, 'replica.db'), join(directory, 'edge.key')];
  openReplica({ file: replicaFile, readOnly: false }).close();
  writeFileSync(edgeKeyFile, newEdgeKeyPair().privateKeyPem);
  const settings: WorkerSettings = {
    ...{ replicaFile, edgeKeyFile, idPrefix: 'test', ledgerKey: 'test', accessLog: 'off' },
    limits: { connectionsMax: 100, connectionsPerAddressMax: null, memoryBytes: 1e9 },
    ...{ proxyProtocolFrom: [], ownListeners: [], minVersion: 'TLSv1.2', publicHttpsPort: 443 },
  };
  const [held] = await bindSockets('POSTERN_EDGE_HTTPS_LISTEN', [{ host: '127.0.0.1', port: 0 }]);
  if (held === undefined) throw new Error('nothing was bound');
  const worker = fork(join(import.meta.dirname, 'worker-main.ts'), {
    execArgv: ['--import', TELL_FILES],
    silent: true,
  });
  let files = '';
  worker.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    files += piece;
  });
  const tell = (message: ToWorker) => worker.send(message);
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  try {
    const heard: string[] = [];
    await new Promise<void>((resolve, reject) => {
      worker.once('exit', () => reject(new Error('the worker ended')));
      worker.on('message', (message: FromWorker) => {
        heard.push(message.type);
        if (message.type === 'acknowledged') {
          expect(message.cursor).toEqual({ epoch: 'one', revision: 7 });
          resolve();
        }
        if (message.type !== 'hello') return;
        const socket: ToWorker = { type: 'socket', purpose: 'https', address: held.address };
        worker.send(socket, asSendHandle(held.handle));
        tell({ type: 'start', settings });
        tell({ type: 'applied', ids: 'all', cursor: { epoch: 'one', revision: 7 } });
      });
    });
    expect(heard.slice(0, 3)).toEqual(['hello', 'listening', 'acknowledged']);
    await expect.poll(() => files, { timeout: 20_000 }).toContain('/node_modules/re2js/');
  } finally {
    worker.kill('SIGKILL');
    await ended;
    held.handle.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test('what V8 is told once a worker listens it knows: setFlagsFromString would pass over a word it does not', () => {
  expect(
    execFileSync(process.execPath, [...FLAGS_ONCE_LISTENING, '--eval', 'console.log(1)']).toString(),
  ).toBe('1\n');
  expect(() =>
    execFileSync(process.execPath, ['--no-such-flag', '--eval', '0'], { stdio: 'ignore' }),
  ).toThrow();
});
