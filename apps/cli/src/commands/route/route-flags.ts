import * as Flags from '@oclif/core/flags';
import { CLIENT_CA_MODES, CLIENT_IDENTITY_HEADERS } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import type { RouteFlags } from '../../route/apply-route-flags.ts';
import { labelFlag, WAIT_FLAGS } from '../write-flags.ts';

const many = { multiple: true, multipleNonGreedy: true } as const;

/** Flags that `route create` and `route update` share. */
export const ROUTE_FLAGS = {
  filename: Flags.string({
    char: 'f',
    description: 'read the descriptor from a YAML or JSON file (- for standard input)',
    helpValue: 'FILE',
  }),
  hostname: Flags.string({
    description: 'host to serve, like shop.example.org or *.example.org',
    helpValue: 'HOST',
  }),
  path: Flags.string({
    description: 'prefix and the service it leads to; repeatable',
    helpValue: '/PREFIX=SERVICE',
    ...many,
  }),
  'client-ca-secret': Flags.string({
    description: 'tls-ca secret: demand client certificates it vouches for',
    helpValue: 'NAME',
  }),
  'path-client-ca': Flags.string({
    description: 'tls-ca secret whose clients alone this path admits; repeatable',
    helpValue: '/PREFIX=NAME',
    ...many,
  }),
  'client-certificate-subject': Flags.string({
    description:
      'admit this CN or DNS name; *x is a suffix, x* a prefix; repeatable, adds to those that are there',
    helpValue: 'NAME',
    ...many,
  }),
  'client-ca-mode': Flags.string({
    description: 'observe lets everybody in and records who would be refused; enforce unless said otherwise',
    options: [...CLIENT_CA_MODES],
    helpValue: 'MODE',
  }),
  'on-untrusted': Flags.string({
    description: 'how a client without a trusted certificate is refused; close unless said otherwise',
    options: ['close', 'page'],
    helpValue: 'HOW',
  }),
  'client-identity-headers': Flags.string({
    description: 'how services learn who a client is; client-cert unless said otherwise',
    options: [...CLIENT_IDENTITY_HEADERS],
    helpValue: 'FORM',
  }),
  'client-identity-jwt': Flags.boolean({
    description: 'also tell services who a client is by a signed token, X-Client-Jwt',
  }),
  'client-identity-jwt-audience': Flags.string({
    description: 'audience of the token, in place of the host',
    helpValue: 'TEXT',
  }),
  'server-certificate-secret': Flags.string({ description: 'tls secret to serve with', helpValue: 'NAME' }),
  'cors-origin': Flags.string({
    description: 'origin that browsers may call from; repeatable',
    helpValue: 'ORIGIN',
    ...many,
  }),
  'cors-method': Flags.string({
    description: 'method that browsers may use, in place of GET, HEAD and POST; repeatable',
    helpValue: 'METHOD',
    ...many,
  }),
  'http-basic-realm': Flags.string({
    description: 'demand a user name and password for this realm',
    helpValue: 'TEXT',
  }),
  'http-basic-credentials': Flags.string({
    description: 'a user of the realm; only a hash of the password is sent; repeatable',
    helpValue: 'USER=PASSWORD',
    ...many,
  }),
  label: labelFlag('a label; repeatable, an update adds to those that are there'),
  ...WAIT_FLAGS,
};

/** Removals of `route update`; they happen before anything is added. */
export const ROUTE_REMOVALS = {
  'remove-path': Flags.string({ description: 'drop this prefix; repeatable', helpValue: '/PREFIX', ...many }),
  'remove-client-ca-secret': Flags.boolean({ description: 'demand no client certificate any more' }),
  'remove-path-client-ca': Flags.string({
    description: 'take its own client CA from this path; repeatable',
    helpValue: '/PREFIX',
    ...many,
  }),
  'remove-client-certificate-subject': Flags.boolean({ description: 'drop all subjects' }),
  'remove-client-identity': Flags.boolean({ description: 'tell services who a client is as by default' }),
  'remove-server-certificate-secret': Flags.boolean({ description: 'go back to an automatic certificate' }),
  'remove-cors-origin': Flags.string({
    description: 'drop this origin; the last one turns CORS off; repeatable',
    helpValue: 'ORIGIN',
    ...many,
  }),
  'remove-cors-method': Flags.string({
    description: 'drop this method; repeatable',
    helpValue: 'METHOD',
    ...many,
  }),
  'remove-http-basic': Flags.boolean({ description: 'demand no user name and password any more' }),
};

const NOT_DESCRIBING: readonly string[] = ['filename', 'label', 'wait'];
const DESCRIBING = Object.keys({ ...ROUTE_FLAGS, ...ROUTE_REMOVALS }).filter(
  (name): name is keyof RouteFlags => !NOT_DESCRIBING.includes(name),
);

/** The flags given that say something about the descriptor. */
export function describingFlags(flags: RouteFlags): string[] {
  return DESCRIBING.filter((name) => flags[name] !== undefined && flags[name] !== false);
}

/** Refuses a file beside flags that would contradict it. Usage failure. */
export function refuseFlagsBesideFile(flags: RouteFlags): void {
  const [first] = describingFlags(flags);
  if (first === undefined) return;
  throw usageFailure(`--filename and --${first} exclude each other`, 'write it into the file');
}

/** Settles a route's name between the command line and an envelope file. Usage failure. */
export function routeNameOf(argument: string | undefined, fileName: string | null, file: string): string {
  if (argument === undefined && fileName === null) {
    throw usageFailure('a name is needed', `give NAME, or an envelope with a name in ${file}`);
  }
  if (argument !== undefined && fileName !== null && argument !== fileName) {
    throw usageFailure(`the command names the route "${argument}", but ${file} names it "${fileName}"`);
  }
  return argument ?? fileName ?? '';
}
