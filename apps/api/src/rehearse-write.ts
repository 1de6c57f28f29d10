import { type ResourceName, resourceName } from '@postern/contracts';
import type { ApiParts } from './api-parts.ts';
import { updateRoute } from './operations/route-update.ts';

const PROJECT: ResourceName = resourceName.parse('default');

/**
 * Writes a route as it is, as a dry run: statements are prepared, schemas compiled and modules loaded then, where the first write of a process would
 * wait for it, ten times as long as for itself. Nothing happens where there is no route. It never throws: what fails here, a call will be told.
 */
export async function rehearseWrite(parts: ApiParts): Promise<void> {
  try {
    const [route] = (await parts.store.listRoutes(PROJECT, { limit: 1 })).items;
    if (route === undefined) return;
    const answer = await updateRoute.run(parts, {
      request: new Request('http://localhost/?dryRun=true', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ spec: route.spec }),
      }),
      params: { project: PROJECT, name: route.name },
      token: null,
      requestId: 'rehearsal',
    });
    await answer.text();
  } catch (error) {
    parts.log.info({ err: error }, 'the first write takes longer: it could not be rehearsed');
  }
}
