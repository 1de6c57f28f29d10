import { OpenAPIHono } from '@hono/zod-openapi';
import { OPERATIONS } from './operations/index.ts';

/** Version of the API's form, as the document tells it; the program's own version is at /livez. */
const API_VERSION = '1.0.0';

/** Makes the OpenAPI 3.1 document of all operations; apps/api/openapi.json is its checked-in copy. */
export function makeOpenApiDocument(): object {
  const { openAPIRegistry, getOpenAPI31Document } = new OpenAPIHono();
  openAPIRegistry.registerComponent('securitySchemes', 'admin', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token that may do everything but read the feed',
  });
  openAPIRegistry.registerComponent('securitySchemes', 'edge', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of an edge: reads the feed and posts reports, nothing else',
  });
  for (const { route } of OPERATIONS) openAPIRegistry.registerPath(route);
  return getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Postern',
      version: API_VERSION,
      description:
        'Publishes services under hosts, and demands client certificates where a route names a client CA.',
      license: { name: 'Apache-2.0' },
    },
  });
}

/** Writes the document as it is checked in and served. */
export function renderOpenApiDocument(): string {
  return `${JSON.stringify(makeOpenApiDocument(), null, 2)}\n`;
}
