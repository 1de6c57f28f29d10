import type { Operation } from '../operation.ts';
import { getApplied } from './applied-get.ts';
import { getCa } from './ca-get.ts';
import { getCertificate } from './certificate-get.ts';
import { listCertificates } from './certificate-list.ts';
import { renewCertificate } from './certificate-renew.ts';
import { revokeCertificate } from './certificate-revoke.ts';
import { getClient } from './client-get.ts';
import { listClients } from './client-list.ts';
import { getFeed } from './feed-get.ts';
import { checkHostname } from './hostname-check.ts';
import { addHostname } from './hostname-create.ts';
import { removeHostname } from './hostname-delete.ts';
import { getHostname } from './hostname-get.ts';
import { listHostnames } from './hostname-list.ts';
import { getJwks } from './jwks-get.ts';
import { createLedgerReport } from './ledger-create.ts';
import { getLive } from './live-get.ts';
import { getReady } from './ready-get.ts';
import { getRefusal } from './refusal-get.ts';
import { listRefusals } from './refusal-list.ts';
import { tailRefusals } from './refusal-tail.ts';
import { createReport } from './report-create.ts';
import { createRevocation } from './revocation-create.ts';
import { deleteRevocation } from './revocation-delete.ts';
import { getRevocation } from './revocation-get.ts';
import { listRevocations } from './revocation-list.ts';
import { createRoute } from './route-create.ts';
import { deleteRoute } from './route-delete.ts';
import { getRoute } from './route-get.ts';
import { listRoutes } from './route-list.ts';
import { replayRoute } from './route-replay.ts';
import { getRouteRotation } from './route-rotation-get.ts';
import { updateRoute } from './route-update.ts';
import { schemaOperations } from './schema-get.ts';
import { getSecretCrl } from './secret-crl-get.ts';
import { deleteSecret } from './secret-delete.ts';
import { getSecret } from './secret-get.ts';
import { listSecrets } from './secret-list.ts';
import { putSecret } from './secret-put.ts';
import { refreshSecret } from './secret-refresh.ts';
import { createService } from './service-create.ts';
import { deleteService } from './service-delete.ts';
import { getService } from './service-get.ts';
import { listServices } from './service-list.ts';
import { updateService } from './service-update.ts';
import { createToken } from './token-create.ts';
import { getToken } from './token-get.ts';
import { listTokens } from './token-list.ts';
import { revokeToken } from './token-revoke.ts';
import { watchResources } from './watch-get.ts';

/** Every operation of the API, in the order of the document. */
export const OPERATIONS: readonly Operation[] = [
  listSecrets,
  getSecret,
  putSecret,
  deleteSecret,
  refreshSecret,
  getSecretCrl,
  listServices,
  createService,
  getService,
  updateService,
  deleteService,
  listRoutes,
  createRoute,
  getRoute,
  updateRoute,
  deleteRoute,
  getRouteRotation,
  replayRoute,
  listHostnames,
  addHostname,
  getHostname,
  removeHostname,
  checkHostname,
  listCertificates,
  getCertificate,
  renewCertificate,
  revokeCertificate,
  listRefusals,
  tailRefusals,
  getRefusal,
  listClients,
  getClient,
  listRevocations,
  createRevocation,
  getRevocation,
  deleteRevocation,
  listTokens,
  createToken,
  getToken,
  revokeToken,
  watchResources,
  getCa,
  getJwks,
  getApplied,
  getFeed,
  createReport,
  createLedgerReport,
  ...schemaOperations,
  getLive,
  getReady,
];
