import type { Command } from '@oclif/core';

/** A command as oclif makes it. */
export type CommandClass = typeof Command & { readonly handlesSignals?: boolean };

/** What is known of a command without loading it: programs start with this table alone. */
export interface CommandEntry {
  /** One line; the same as the class says. */
  readonly summary: string;
  readonly load: () => Promise<CommandClass>;
  /** For programs: left out of help, completion and manual. */
  readonly hidden?: boolean;
}

/** Every command by its words, joined with colons. Each loads its own code only when it runs or is described. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  __complete: {
    summary: 'Suggest words for a shell',
    load: async () => (await import('./commands/complete.ts')).Complete,
    hidden: true,
  },
  api: {
    summary: 'Run the control API alone',
    load: async () => (await import('./commands/api.ts')).Api,
  },
  apply: {
    summary: 'Create or update what files describe: secrets, services and routes',
    load: async () => (await import('./commands/apply.ts')).Apply,
  },
  ca: {
    summary: 'Print the CA of the local issuer (PEM)',
    load: async () => (await import('./commands/ca.ts')).Ca,
  },
  certificates: {
    summary: 'Run the certificate worker alone',
    load: async () => (await import('./commands/certificates.ts')).Certificates,
  },
  completion: {
    summary: 'Print the completion script of a shell',
    load: async () => (await import('./commands/completion.ts')).Completion,
  },
  'context:add': {
    summary: 'Add a context: the address of an API and a token for it',
    load: async () => (await import('./commands/context/add.ts')).ContextAdd,
  },
  'context:delete': {
    summary: 'Delete a context from your configuration',
    load: async () => (await import('./commands/context/delete.ts')).ContextDelete,
  },
  'context:list': {
    summary: 'List the contexts of your configuration',
    load: async () => (await import('./commands/context/list.ts')).ContextList,
  },
  'context:rename': {
    summary: 'Give a context another name',
    load: async () => (await import('./commands/context/rename.ts')).ContextRename,
  },
  'context:set': {
    summary: 'Change a context: its project, address or token',
    load: async () => (await import('./commands/context/set.ts')).ContextSet,
  },
  'context:show': {
    summary: 'Show which context, API, token and project hold here, and why',
    load: async () => (await import('./commands/context/show.ts')).ContextShow,
  },
  'context:use': {
    summary: 'Make a context the current one',
    load: async () => (await import('./commands/context/use.ts')).ContextUse,
  },
  demo: {
    summary: 'Run the echo service alone',
    load: async () => (await import('./commands/demo.ts')).Demo,
  },
  'dev-cert:ca': {
    summary: 'Make a CA for tests: NAME.crt and NAME.key',
    load: async () => (await import('./commands/dev-cert/ca.ts')).DevCertCa,
  },
  'dev-cert:client': {
    summary: 'Make a client certificate for tests: CN.crt and CN.key',
    load: async () => (await import('./commands/dev-cert/client.ts')).DevCertClient,
  },
  'dev-cert:server': {
    summary: 'Make a server certificate for tests: HOST.crt and HOST.key',
    load: async () => (await import('./commands/dev-cert/server.ts')).DevCertServer,
  },
  diff: {
    summary: 'Show what applying files would change',
    load: async () => (await import('./commands/diff.ts')).Diff,
  },
  doctor: {
    summary: 'Check configuration, API, token, versions, clock, edge and data directory',
    load: async () => (await import('./commands/doctor.ts')).Doctor,
  },
  edge: {
    summary: 'Run an edge alone',
    load: async () => (await import('./commands/edge.ts')).Edge,
  },
  export: {
    summary: 'Print everything in the project as documents that apply takes back',
    load: async () => (await import('./commands/export.ts')).Export,
  },
  'import:akka': {
    summary: 'Turn route descriptors of Kalix or Akka into documents',
    load: async () => (await import('./commands/import/kalix.ts')).ImportKalix,
  },
  'import:kalix': {
    summary: 'Turn route descriptors of Kalix or Akka into documents',
    load: async () => (await import('./commands/import/kalix.ts')).ImportKalix,
  },
  'import:krakend': {
    summary: 'Turn the tls settings of a KrakenD configuration into documents',
    load: async () => (await import('./commands/import/krakend.ts')).ImportKrakend,
  },
  man: {
    summary: 'Print a manual page, or write all of them',
    load: async () => (await import('./commands/man.ts')).Man,
  },
  'route:create': {
    summary: 'Publish services under a host',
    load: async () => (await import('./commands/route/create.ts')).RouteCreate,
  },
  'route:delete': {
    summary: 'Delete a route',
    load: async () => (await import('./commands/route/delete.ts')).RouteDelete,
  },
  'route:edit': {
    summary: "Edit a route's descriptor in your editor",
    load: async () => (await import('./commands/route/edit.ts')).RouteEdit,
  },
  'route:export': {
    summary: "Print a route's descriptor as YAML",
    load: async () => (await import('./commands/route/export.ts')).RouteExport,
  },
  'route:get': {
    summary: 'Show a route: where it leads, whom it admits, whether it is served',
    load: async () => (await import('./commands/route/get.ts')).RouteGet,
  },
  'route:list': {
    summary: 'List the routes of the project',
    load: async () => (await import('./commands/route/list.ts')).RouteList,
  },
  'route:test': {
    summary: 'Say which rule and service would answer a request, and what its client certificate meets',
    load: async () => (await import('./commands/route/test.ts')).RouteTest,
  },
  'route:update': {
    summary: 'Change a route; what no flag names stays',
    load: async () => (await import('./commands/route/update.ts')).RouteUpdate,
  },
  'route:validate': {
    summary: 'Check a descriptor file without sending it anywhere',
    load: async () => (await import('./commands/route/validate.ts')).RouteValidate,
  },
  schema: {
    summary: 'Print the JSON Schema of a kind of document, for editors',
    load: async () => (await import('./commands/schema.ts')).Schema,
  },
  'secret:create': {
    summary: 'Create a secret, or replace its values',
    load: async () => (await import('./commands/secret/create.ts')).SecretCreate,
  },
  'secret:delete': {
    summary: 'Delete a secret',
    load: async () => (await import('./commands/secret/delete.ts')).SecretDelete,
  },
  'secret:get': {
    summary: 'Show a secret: its type, key names and certificates',
    load: async () => (await import('./commands/secret/get.ts')).SecretGet,
  },
  'secret:list': {
    summary: 'List the secrets of the project',
    load: async () => (await import('./commands/secret/list.ts')).SecretList,
  },
  'service:create': {
    summary: 'Create a service: a name for one or more upstream targets',
    load: async () => (await import('./commands/service/create.ts')).ServiceCreate,
  },
  'service:delete': {
    summary: 'Delete a service',
    load: async () => (await import('./commands/service/delete.ts')).ServiceDelete,
  },
  'service:get': {
    summary: 'Show a service, and its targets as the edges see them',
    load: async () => (await import('./commands/service/get.ts')).ServiceGet,
  },
  'service:list': {
    summary: 'List the services of the project',
    load: async () => (await import('./commands/service/list.ts')).ServiceList,
  },
  'service:update': {
    summary: 'Change a service; what no flag names stays',
    load: async () => (await import('./commands/service/update.ts')).ServiceUpdate,
  },
  'token:create': {
    summary: 'Make a token and print its value, this once',
    load: async () => (await import('./commands/token/create.ts')).TokenCreate,
  },
  'token:list': {
    summary: 'List the tokens, without their values',
    load: async () => (await import('./commands/token/list.ts')).TokenList,
  },
  'token:revoke': {
    summary: 'Revoke a token for good',
    load: async () => (await import('./commands/token/revoke.ts')).TokenRevoke,
  },
  up: {
    summary: 'Run API, certificate worker and edge in one place',
    load: async () => (await import('./commands/up.ts')).Up,
  },
  validate: {
    summary: 'Check files of documents without sending them anywhere',
    load: async () => (await import('./commands/validate.ts')).Validate,
  },
};

/** What each noun is about, for help. */
export const NOUNS: Readonly<Record<string, string>> = {
  'dev-cert': 'certificates for tests, made offline',
  context: 'which API to call, with which token: your configuration',
  import: 'configurations of other systems as documents',
  route: 'hosts, where their paths lead, and whom they admit',
  secret: 'CA certificates, server certificates and other values',
  service: 'named upstreams',
  token: 'credentials of the API',
};
