import { loadMasterKey, readApiEnv } from '@postern/api';
import {
  createDnsResolver,
  openIssuers,
  readCertificatesEnv,
  startCertificateWorker,
  startCrlWorker,
  startHostnameWorker,
} from '@postern/certificates';
import { compiler } from '@postern/compile';
import type { Log } from '@postern/contracts';
import { createLog } from '@postern/runtime';
import { openStore, type Store } from '@postern/store';
import packageJson from '../../package.json' with { type: 'json' };
import type { StartedPart } from './run-until-signal.ts';

/** Runs the certificate worker, what verifies hostnames and what fetches revocation lists, as their settings say, over an open store until it is closed; the store stays open. */
export async function startCertificates(
  store: Store,
  masterKey: Buffer,
  log: Log,
): Promise<{ close(): Promise<void> }> {
  const now = () => Date.now();
  const env = readCertificatesEnv();
  const shared = { store, log, now, random: Math.random };
  const userAgent = `postern/${packageJson.version}`;
  const issuers = await openIssuers({ ...shared, env, masterKey, userAgent });
  const worker = startCertificateWorker({
    ...shared,
    issuers,
    namesPerCertificate: env.namesPerCertificate,
  });
  const lists = startCrlWorker({ ...shared, allowPrivate: env.crlAllowPrivate });
  const resolver = createDnsResolver(env.dnsServers);
  const names = startHostnameWorker({ ...shared, resolver, publicEdge: env.publicEdge });
  return {
    async close() {
      await Promise.all([worker.stop(), lists.stop(), names.stop()]);
      for (const issuer of issuers) issuer.close();
    },
  };
}

/** `postern certificates`: the worker in a process of its own, on the data directory of an API that has been started once. */
export async function startCertificatesAlone(): Promise<StartedPart> {
  const { dataDirectory, databaseUrl } = readApiEnv();
  const masterKey = loadMasterKey(dataDirectory, databaseUrl.replace(/^sqlite:/, ''));
  const store = await openStore({ url: databaseUrl, compiler, now: () => Date.now() });
  try {
    const worker = await startCertificates(store, masterKey, createLog('certificates'));
    return {
      lines: ['The certificate worker is ready.'],
      async close() {
        await worker.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
