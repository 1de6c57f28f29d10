import type { Command } from '@oclif/core/command';

/** A command as oclif makes it. */
export type CommandClass = typeof Command & { readonly handlesSignals?: boolean };

/** Loads the code of a command of the list. */
export type LoadCommand = (id: string) => Promise<CommandClass>;

/** What is known of a command without loading it. */
export interface CommandEntry {
  /** One line; the same as the class says. */
  readonly summary: string;
  /** For programs: left out of help, completion and manual. */
  readonly hidden?: boolean;
}

const LIST = {
  __complete: { summary: 'Suggest words for a shell', hidden: true },
  api: { summary: 'Run the control API alone' },
  apply: { summary: 'Create or update what files describe: secrets, services and routes' },
  ca: { summary: 'Print the CA of the local issuer (PEM)' },
  'cert:get': { summary: 'Show the certificate of a host: how far it is, why it is not there, its chain' },
  'cert:list': { summary: 'List the certificates that Postern gets for hosts, and how far they are' },
  'cert:renew': { summary: 'Have the certificate of a host ordered now' },
  'cert:revoke': { summary: 'Have the certificate of a host revoked by its CA, and replaced' },
  certificates: { summary: 'Run the certificate worker alone' },
  'client:get': { summary: 'Show a client: its certificate, and where it was seen by which CA' },
  'client:list': {
    summary: 'List the clients that were seen with a trusted certificate, the latest first',
  },
  'client:revocations': { summary: 'List what is revoked in the project, the oldest first' },
  'client:revoke': { summary: 'Revoke client certificates: handshakes are refused, open connections end' },
  'client:unrevoke': { summary: 'Take a revocation back' },
  completion: { summary: 'Print the completion script of a shell' },
  'context:add': { summary: 'Add a context: the address of an API and a token for it' },
  'context:delete': { summary: 'Delete a context from your configuration' },
  'context:list': { summary: 'List the contexts of your configuration' },
  'context:rename': { summary: 'Give a context another name' },
  'context:set': { summary: 'Change a context: its project, address or token' },
  'context:show': { summary: 'Show which context, API, token and project hold here, and why' },
  'context:use': { summary: 'Make a context the current one' },
  demo: { summary: 'Run the echo service alone' },
  'dev-cert:ca': { summary: 'Make a CA for tests: NAME.crt and NAME.key' },
  'dev-cert:client': { summary: 'Make a client certificate for tests: CN.crt and CN.key' },
  'dev-cert:server': { summary: 'Make a server certificate for tests: HOST.crt and HOST.key' },
  diff: { summary: 'Show what applying files would change' },
  doctor: { summary: 'Check configuration, API, token, versions, clock, edge and data directory' },
  'doctor:edge': { summary: 'Try the known ways past the client-certificate check of a live host' },
  edge: { summary: 'Run an edge alone' },
  explain: { summary: 'Say why a client certificate is admitted or refused, check by check' },
  export: { summary: 'Print everything in the project as documents that apply takes back' },
  'hostname:add': { summary: 'Give the project a hostname, which stays until it is removed' },
  'hostname:check': { summary: 'Have DNS looked at for a hostname now, and say what is missing' },
  'hostname:get': {
    summary: 'Show a hostname: whether it is verified, the DNS records to make and those found',
  },
  'hostname:list': { summary: 'List the hostnames of the project, those of routes too' },
  'hostname:remove': { summary: 'Give a hostname up, for whoever adds it next' },
  'import:akka': { summary: 'Turn route descriptors of Kalix or Akka into documents' },
  'import:kalix': { summary: 'Turn route descriptors of Kalix or Akka into documents' },
  'import:krakend': { summary: 'Turn the tls settings of a KrakenD configuration into documents' },
  man: { summary: 'Print a manual page, or write all of them' },
  'refusal:get': { summary: 'Show one refusal, with the certificates that were presented' },
  'refusal:list': { summary: 'List the clients that edges refused, the latest first' },
  'refusal:tail': { summary: 'Follow the clients that edges refuse, as it happens' },
  'route:create': { summary: 'Publish services under a host' },
  'route:delete': { summary: 'Delete a route' },
  'route:edit': { summary: "Edit a route's descriptor in your editor" },
  'route:enforce': { summary: 'Refuse from now on whom an observed route only recorded' },
  'route:export': { summary: "Print a route's descriptor as YAML" },
  'route:get': { summary: 'Show a route: where it leads, whom it admits, whether it is served' },
  'route:list': { summary: 'List the routes of the project' },
  'route:observe': { summary: 'List whom an observed route would refuse, or admit' },
  'route:rotate-ca': { summary: 'Replace the client CA of a route without turning any client away' },
  'route:test': {
    summary: 'Say which rule and service would answer a request, and what its client certificate meets',
  },
  'route:update': { summary: 'Change a route; what no flag names stays' },
  'route:validate': { summary: 'Check a descriptor file, and say whom it would admit' },
  schema: { summary: 'Print the JSON Schema of a kind of document, for editors' },
  'secret:create': { summary: 'Create a secret, or replace its values' },
  'secret:delete': { summary: 'Delete a secret' },
  'secret:get': { summary: 'Show a secret: its type, key names and certificates' },
  'secret:list': { summary: 'List the secrets of the project' },
  'secret:refresh': { summary: 'Fetch a revocation list from its URL now' },
  'service:connectivity': { summary: 'List where the services of the project can be reached' },
  'service:create': { summary: 'Create a service: a name for one or more upstream targets' },
  'service:delete': { summary: 'Delete a service' },
  'service:expose': { summary: 'Publish a service under a host, in one go' },
  'service:get': { summary: 'Show a service, and its targets as the edges see them' },
  'service:list': { summary: 'List the services of the project' },
  'service:proxy': { summary: 'Reach a service at a port of this machine, without a route' },
  'service:unexpose': { summary: 'Take a service from a host' },
  'service:update': { summary: 'Change a service; what no flag names stays' },
  'token:create': { summary: 'Make a token and print its value, this once' },
  'token:list': { summary: 'List the tokens, without their values' },
  'token:revoke': { summary: 'Revoke a token for good' },
  up: { summary: 'Run API, certificate worker and edge in one place' },
  validate: { summary: 'Check files of documents without sending them anywhere' },
} as const satisfies Record<string, CommandEntry>;

/** A command's words, joined with colons. */
export type CommandId = keyof typeof LIST;

/** Every command by its id: help, completion, hints and the search for commands need no more. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = LIST;

/** What each noun is about, for help. */
export const NOUNS: Readonly<Record<string, string>> = {
  'dev-cert': 'certificates for tests, made offline',
  cert: 'certificates that Postern gets for hosts',
  client: 'client certificates: whom edges have seen, and who may no longer come',
  context: 'which API to call, with which token: your configuration',
  doctor: 'checks of this installation and of live hosts',
  hostname: 'names that the project may use, and how they are verified',
  import: 'configurations of other systems as documents',
  refusal: 'whom edges refused, and why',
  route: 'hosts, where their paths lead, and whom they admit',
  secret: 'CA certificates, server certificates and other values',
  service: 'named upstreams',
  token: 'credentials of the API',
};
