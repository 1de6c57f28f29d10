import { readFileSync } from 'node:fs';
import { openIssuers, readCertificatesEnv, startCertificateWorker } from '@postern/certificates';
import { compiler } from '@postern/compile';
import type { Log } from '@postern/contracts';
import { openStore } from '@postern/store';
import { answeredBy } from './lab.ts';

// A certificate worker in a process of its own, to be killed: `worker-main.ts STORE-FILE MASTER-KEY-FILE AHEAD-MS MANAGEMENT-URL`.

const [file = '', keyFile = '', ahead = '0', managementUrl = ''] = process.argv.slice(2);
const now = (): number => Date.now() + Number(ahead);
const write =
  () =>
  (fields: object, message: string): void =>
    console.log(JSON.stringify({ message, ...fields, err: String((fields as { err?: unknown }).err ?? '') }));
const log: Log = { debug: write(), info: write(), warn: write(), error: write() };
const opened = await openStore({ url: `sqlite:${file}`, compiler, now, pollMs: 50 });
const store = answeredBy(opened, managementUrl);
const env = readCertificatesEnv();
const shared = { store, log, now, random: Math.random };
const masterKey = readFileSync(keyFile);
const issuers = await openIssuers({ ...shared, env, masterKey, userAgent: 'postern/test' });
startCertificateWorker({ ...shared, issuers, lookEveryMs: 200 });
console.log('ready');
