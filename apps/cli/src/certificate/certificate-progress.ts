import type { CertificateResource, RouteResource } from '@postern/contracts';
import { progressBar } from './progress-bar.ts';

/** What a person reads while a certificate is got: ordered, then there. */
export function certificateProgress(
  name: string,
  { state, lastError, attempts }: Pick<CertificateResource, 'state' | 'lastError' | 'attempts'>,
): string {
  const step = state === 'ordering' ? 1 : 0;
  const tried = lastError === null ? '' : `, attempt ${attempts + 1} after ${lastError.code}`;
  return `${progressBar(step, 2)} ${name}: ${state === 'ordering' ? 'its certificate is being ordered' : 'its certificate is wanted'}${tried}`;
}

/** What a person reads while a route is not served yet: written, its certificate there, served by every edge. */
export function routeProgress({ name, status }: RouteResource): string {
  const certificate = status.conditions.find(({ type }) => type === 'Certificate');
  const step = certificate?.status === false ? 1 : 2;
  return `${progressBar(step, 3)} ${name}: ${status.message}`;
}
