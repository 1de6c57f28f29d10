import type { CommandClass, CommandId, LoadCommand } from './command-list.ts';

/**
 * How each command of the list is loaded: only when it runs or is described. Commands that describe the others are given
 * `loadCommand`; nothing that a command imports may import this file.
 */
const LOADERS: Readonly<Record<CommandId, () => Promise<CommandClass>>> = {
  __complete: async () => Object.assign((await import('./commands/complete.ts')).Complete, { loadCommand }),
  api: async () => (await import('./commands/api.ts')).Api,
  apply: async () => (await import('./commands/apply.ts')).Apply,
  ca: async () => (await import('./commands/ca.ts')).Ca,
  'cert:get': async () => (await import('./commands/cert/get.ts')).CertGet,
  'cert:list': async () => (await import('./commands/cert/list.ts')).CertList,
  'cert:renew': async () => (await import('./commands/cert/renew.ts')).CertRenew,
  'cert:revoke': async () => (await import('./commands/cert/revoke.ts')).CertRevoke,
  certificates: async () => (await import('./commands/certificates.ts')).Certificates,
  'client:get': async () => (await import('./commands/client/get.ts')).ClientGet,
  'client:list': async () => (await import('./commands/client/list.ts')).ClientList,
  'client:revocations': async () => (await import('./commands/client/revocations.ts')).ClientRevocations,
  'client:revoke': async () => (await import('./commands/client/revoke.ts')).ClientRevoke,
  'client:unrevoke': async () => (await import('./commands/client/unrevoke.ts')).ClientUnrevoke,
  completion: async () => (await import('./commands/completion.ts')).Completion,
  'context:add': async () => (await import('./commands/context/add.ts')).ContextAdd,
  'context:delete': async () => (await import('./commands/context/delete.ts')).ContextDelete,
  'context:list': async () => (await import('./commands/context/list.ts')).ContextList,
  'context:rename': async () => (await import('./commands/context/rename.ts')).ContextRename,
  'context:set': async () => (await import('./commands/context/set.ts')).ContextSet,
  'context:show': async () => (await import('./commands/context/show.ts')).ContextShow,
  'context:use': async () => (await import('./commands/context/use.ts')).ContextUse,
  demo: async () => (await import('./commands/demo.ts')).Demo,
  'dev-cert:ca': async () => (await import('./commands/dev-cert/ca.ts')).DevCertCa,
  'dev-cert:client': async () => (await import('./commands/dev-cert/client.ts')).DevCertClient,
  'dev-cert:server': async () => (await import('./commands/dev-cert/server.ts')).DevCertServer,
  diff: async () => (await import('./commands/diff.ts')).Diff,
  doctor: async () => (await import('./commands/doctor.ts')).Doctor,
  'doctor:edge': async () => (await import('./commands/doctor/edge.ts')).DoctorEdge,
  edge: async () => (await import('./commands/edge.ts')).Edge,
  explain: async () => (await import('./commands/explain.ts')).Explain,
  export: async () => (await import('./commands/export.ts')).Export,
  'import:akka': async () => (await import('./commands/import/kalix.ts')).ImportKalix,
  'import:kalix': async () => (await import('./commands/import/kalix.ts')).ImportKalix,
  'import:krakend': async () => (await import('./commands/import/krakend.ts')).ImportKrakend,
  man: async () => Object.assign((await import('./commands/man.ts')).Man, { loadCommand }),
  'refusal:get': async () => (await import('./commands/refusal/get.ts')).RefusalGet,
  'refusal:list': async () => (await import('./commands/refusal/list.ts')).RefusalList,
  'refusal:tail': async () => (await import('./commands/refusal/tail.ts')).RefusalTail,
  'route:create': async () => (await import('./commands/route/create.ts')).RouteCreate,
  'route:delete': async () => (await import('./commands/route/delete.ts')).RouteDelete,
  'route:edit': async () => (await import('./commands/route/edit.ts')).RouteEdit,
  'route:enforce': async () => (await import('./commands/route/enforce.ts')).RouteEnforce,
  'route:export': async () => (await import('./commands/route/export.ts')).RouteExport,
  'route:get': async () => (await import('./commands/route/get.ts')).RouteGet,
  'route:list': async () => (await import('./commands/route/list.ts')).RouteList,
  'route:observe': async () => (await import('./commands/route/observe.ts')).RouteObserve,
  'route:rotate-ca': async () => (await import('./commands/route/rotate-ca.ts')).RouteRotateCa,
  'route:test': async () => (await import('./commands/route/test.ts')).RouteTest,
  'route:update': async () => (await import('./commands/route/update.ts')).RouteUpdate,
  'route:validate': async () => (await import('./commands/route/validate.ts')).RouteValidate,
  schema: async () => (await import('./commands/schema.ts')).Schema,
  'secret:create': async () => (await import('./commands/secret/create.ts')).SecretCreate,
  'secret:delete': async () => (await import('./commands/secret/delete.ts')).SecretDelete,
  'secret:get': async () => (await import('./commands/secret/get.ts')).SecretGet,
  'secret:list': async () => (await import('./commands/secret/list.ts')).SecretList,
  'secret:refresh': async () => (await import('./commands/secret/refresh.ts')).SecretRefresh,
  'service:create': async () => (await import('./commands/service/create.ts')).ServiceCreate,
  'service:delete': async () => (await import('./commands/service/delete.ts')).ServiceDelete,
  'service:get': async () => (await import('./commands/service/get.ts')).ServiceGet,
  'service:list': async () => (await import('./commands/service/list.ts')).ServiceList,
  'service:update': async () => (await import('./commands/service/update.ts')).ServiceUpdate,
  'token:create': async () => (await import('./commands/token/create.ts')).TokenCreate,
  'token:list': async () => (await import('./commands/token/list.ts')).TokenList,
  'token:revoke': async () => (await import('./commands/token/revoke.ts')).TokenRevoke,
  up: async () => (await import('./commands/up.ts')).Up,
  validate: async () => (await import('./commands/validate.ts')).Validate,
};

/** Loads a command of the list. */
export const loadCommand: LoadCommand = async (id) => {
  const loaders: Readonly<Record<string, () => Promise<CommandClass>>> = LOADERS;
  const load = Object.hasOwn(loaders, id) ? loaders[id] : undefined;
  if (load === undefined) throw new Error(`no command ${id}`);
  return load();
};
