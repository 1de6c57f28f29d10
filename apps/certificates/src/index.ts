export { startCrlWorker } from './crl/crl-worker.ts';
export { createDnsResolver, DnsFailure, type DnsResolver } from './dns/dns-resolver.ts';
export { type CertificatesEnv, readCertificatesEnv } from './env.ts';
export { startHostnameWorker } from './hostnames/hostname-worker.ts';
export { LOCAL_AUTHORITY } from './local-issuer.ts';
export { openIssuers } from './open-issuers.ts';
export { type CertificateWorkerOptions, startCertificateWorker } from './worker.ts';
