import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { type Finding, SECRET_TYPES, type SecretType } from '@postern/contracts';
import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { labelFlag, parseLabels, WAIT_FLAGS } from '../write-flags.ts';

export class SecretCreate extends PosternCommand {
  static override summary = 'Create a secret, or replace its values';
  static override description =
    `A secret keeps its type. Values are read once and never shown again by any command.

Types and their flags:
  tls-ca      --cert FILE                          CA certificates (PEM) that client certificates are checked against
  tls         --cert FILE --key FILE [--ca FILE]   a certificate chain and its unencrypted key (PEM)
  generic     --literal KEY=VALUE, --from-file KEY=FILE (both repeatable)
  symmetric   --secret-key FILE or --secret-key-literal TEXT
  crl         --crl FILE --tls-ca NAME [--policy hard|soft]   a revocation list (PEM or DER) of a CA of a tls-ca secret
              --url URL [--refresh 1h] in place of --crl      fetched again and again; it counts from the first good list on
  asymmetric  --private-key FILE, --public-key FILE or --extract-public-key

FILE may be - for standard input.`;
  static readonly exits = {
    0: 'stored',
    3: 'the values are refused or the secret has another type',
    7: 'stored, but the list of --url could not be fetched yet',
  };
  static override examples = [
    'postern secret create tls-ca my-root-ca --cert my-root-ca.crt',
    'postern secret create tls my-tls-cert --key my-key.pem --cert my-cert.pem',
    'postern secret create crl my-root-crl --crl my-root-ca.crl --tls-ca my-root-ca',
    'postern secret create crl my-root-crl --url http://crl.acme.org/root.crl --tls-ca my-root-ca',
    'postern secret create generic mail --literal user=anna --from-file password=mail.pw',
  ];
  static override args = {
    type: Args.string({
      description: 'type of the secret',
      required: true,
      ignoreStdin: true,
      options: [...SECRET_TYPES],
    }),
    name: nameArg('secret')({ required: true }),
  };
  static override flags = {
    cert: Flags.string({ description: 'certificate or chain, leaf first (PEM)', helpValue: 'FILE' }),
    key: Flags.string({ description: 'private key (PEM, unencrypted)', helpValue: 'FILE' }),
    ca: Flags.string({ description: 'CA certificates to append to the chain (PEM)', helpValue: 'FILE' }),
    literal: Flags.string({
      description: 'a value; repeatable',
      helpValue: 'KEY=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'from-file': Flags.string({
      description: 'a value from a file; repeatable',
      helpValue: 'KEY=FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'secret-key': Flags.string({ description: 'file with the key', helpValue: 'FILE' }),
    'secret-key-literal': Flags.string({ description: 'the key itself', helpValue: 'TEXT' }),
    'private-key': Flags.string({ description: 'private key (PEM)', helpValue: 'FILE' }),
    'public-key': Flags.string({ description: 'public key (PEM)', helpValue: 'FILE' }),
    crl: Flags.string({ description: 'revocation list (PEM or DER)', helpValue: 'FILE' }),
    url: Flags.string({ description: 'http or https URL of the revocation list', helpValue: 'URL' }),
    refresh: Flags.string({
      description: 'how often the list of --url is fetched, sooner where it ends sooner (default 1h)',
      helpValue: 'SPAN',
    }),
    'tls-ca': Flags.string({
      description: 'tls-ca secret that holds the issuer of the list',
      helpValue: 'NAME',
    }),
    policy: Flags.string({
      description:
        'once the list is stale: refuse the clients of its issuer (hard, the default) or admit them (soft)',
      options: ['hard', 'soft'],
    }),
    'extract-public-key': Flags.boolean({ description: 'store the public key of --private-key as well' }),
    label: labelFlag('a label; repeatable, replaces all that are there'),
    ...WAIT_FLAGS,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SecretCreate);
    const { readSecretFlags } = await import('../../secret/read-secret-flags.ts');
    const type = args.type as SecretType;
    const { input, files } = readSecretFlags(type, flags);
    const labels = parseLabels(flags.label);
    const { client, project } = await this.connect(flags);
    const { formatPemFindings } = await import('../../descriptor/format-findings.ts');
    const { explainRefusal, ownFindings } = await import('../../explain-refusal.ts');
    const report = (findings: readonly Finding[]): string =>
      formatPemFindings(findings, (pointer) => files.get(pointer));
    const written = await client.secrets
      .put(project, args.name, { labels, secret: input })
      .catch((error: unknown) => {
        throw explainRefusal(error, `the secret "${args.name}"`, report);
      });
    const verb = written.created ? 'created' : 'replaced';
    await this.show(flags, {
      data: written.resource,
      names: [args.name],
      text: () => `Secret ${args.name} ${verb}\n`,
    });
    if (flags.url !== undefined && flags.wait) {
      const { waitUntilFetched } = await import('../../secret/wait-until-fetched.ts');
      const { describeList } = await import('../../secret/describe-secret.ts');
      const fetched = await waitUntilFetched(client, written.resource, flags.timeout);
      this.say(`it is fetched: ${describeList(fetched)}`);
      await this.sayFindings(fetched.findings);
      return;
    }
    const { findings } = written.resource;
    if (findings.length > 0) this.say(report(ownFindings(findings)));
    await this.waitForEdge(client, written, flags);
  }
}
