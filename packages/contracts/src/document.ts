import { z } from 'zod';
import { resourceName } from './names.ts';
import { labels } from './resource.ts';
import { routeDescriptor } from './route.ts';
import { secretDocumentSpec } from './secret-document.ts';
import { serviceSpec } from './service.ts';

/** What a file may describe, in the order in which documents are applied: what is referred to comes first. */
export const DOCUMENT_KINDS = ['secret', 'service', 'route'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

function envelope<K extends DocumentKind, S extends z.ZodType>(kind: K, spec: S) {
  return z.strictObject({
    /** What the document describes. */
    kind: z.literal(kind),
    name: resourceName,
    /** Left out: the labels stay as they are. */
    labels: labels.optional(),
    spec,
  });
}

/** The documents that files hold, by kind: `{kind, name, labels?, spec}`. */
export const documentSchemas = {
  secret: envelope('secret', secretDocumentSpec).meta({ id: 'SecretDocument' }),
  service: envelope('service', serviceSpec).meta({ id: 'ServiceDocument' }),
  route: envelope('route', routeDescriptor).meta({ id: 'RouteDocument' }),
} as const;
