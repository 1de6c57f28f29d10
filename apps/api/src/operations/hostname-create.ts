import { z } from '@hono/zod-openapi';
import { type Hostname, hostnameCreate, hostnameResource } from '@postern/contracts';
import { withGeneratedHostname } from '../generate-hostname.ts';
import { hostnameResourceOf, needsProof } from '../hostname-resource.ts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';

/** POST /v1/projects/{project}/hostnames */
export const addHostname = defineOperation({
  id: 'addHostname',
  method: 'post',
  path: '/v1/projects/{project}/hostnames',
  scope: 'admin',
  tag: 'hostnames',
  summary: 'Gives the project a hostname, which stays until it is removed; without a name a generated one',
  params: projectPath,
  body: hostnameCreate,
  dryRun: true,
  answers: {
    200: { description: 'The project has it already', schema: hostnameResource },
    201: {
      description: 'The new hostname',
      schema: hostnameResource,
      headers: z.object({ Location: z.string().meta({ description: 'Path of the new hostname' }) }),
    },
  },
  async handle(parts, { path, body, mode }) {
    const add = (name: Hostname, generated: boolean) =>
      parts.store.addHostname(path.project, name, { generated, needsProof: needsProof(parts, name) }, mode);
    const { record, created } =
      body.name === undefined
        ? await withGeneratedHostname(parts, (name) => add(name, true))
        : await add(body.name, false);
    return {
      status: created ? 201 : 200,
      body: hostnameResourceOf(parts, record),
      headers: created ? { location: `/v1/projects/${path.project}/hostnames/${record.name}` } : {},
    };
  },
});
