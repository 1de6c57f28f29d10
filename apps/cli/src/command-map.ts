import type { Command } from '@oclif/core';
import { Api } from './commands/api.ts';
import { Ca } from './commands/ca.ts';
import { Certificates } from './commands/certificates.ts';
import { Demo } from './commands/demo.ts';
import { Edge } from './commands/edge.ts';
import { RouteCreate } from './commands/route/create.ts';
import { RouteDelete } from './commands/route/delete.ts';
import { RouteEdit } from './commands/route/edit.ts';
import { RouteExport } from './commands/route/export.ts';
import { RouteGet } from './commands/route/get.ts';
import { RouteList } from './commands/route/list.ts';
import { RouteUpdate } from './commands/route/update.ts';
import { RouteValidate } from './commands/route/validate.ts';
import { SecretCreate } from './commands/secret/create.ts';
import { SecretDelete } from './commands/secret/delete.ts';
import { SecretGet } from './commands/secret/get.ts';
import { SecretList } from './commands/secret/list.ts';
import { ServiceCreate } from './commands/service/create.ts';
import { ServiceDelete } from './commands/service/delete.ts';
import { ServiceGet } from './commands/service/get.ts';
import { ServiceList } from './commands/service/list.ts';
import { ServiceUpdate } from './commands/service/update.ts';
import { Up } from './commands/up.ts';

/** A command as oclif makes it. */
type CommandClass = (new (...args: never[]) => Command) & { readonly handlesSignals: boolean };

/** Every command by its words, joined with colons. */
export const COMMANDS: Readonly<Record<string, CommandClass>> = {
  api: Api,
  ca: Ca,
  certificates: Certificates,
  demo: Demo,
  edge: Edge,
  'route:create': RouteCreate,
  'route:delete': RouteDelete,
  'route:edit': RouteEdit,
  'route:export': RouteExport,
  'route:get': RouteGet,
  'route:list': RouteList,
  'route:update': RouteUpdate,
  'route:validate': RouteValidate,
  'secret:create': SecretCreate,
  'secret:delete': SecretDelete,
  'secret:get': SecretGet,
  'secret:list': SecretList,
  'service:create': ServiceCreate,
  'service:delete': ServiceDelete,
  'service:get': ServiceGet,
  'service:list': ServiceList,
  'service:update': ServiceUpdate,
  up: Up,
};

/** The nouns, for help. */
export const TOPICS = {
  route: { description: 'hosts, where their paths lead, and whom they admit' },
  secret: { description: 'CA certificates, server certificates and other values' },
  service: { description: 'named upstreams' },
};
