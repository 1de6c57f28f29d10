export { LOCAL_AUTHORITY, openLocalIssuer } from './local-issuer.ts';
export { type CertificateWorkerOptions, startCertificateWorker } from './worker.ts';
