import * as Flags from '@oclif/core/flags';
import { REVOCATION_REASONS, type ResourceName, type RevokedClient, resourceName } from '@postern/contracts';
import { PosternCommand } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';
import { WAIT_FLAGS } from '../write-flags.ts';

export class ClientRevoke extends PosternCommand {
  static override summary = 'Revoke client certificates: handshakes are refused, open connections end';
  static override description =
    `Names certificates in one of three ways: the SHA-256 fingerprint of a client certificate or of a CA on its path, a serial
number together with its issuer, or a CN or DNS name, compared without case. Holds on every host of the project, or only on
that of --route, or only where a CA of the secret --ca vouches. Within 2 seconds new and resumed handshakes are refused
(certificate_revoked), and within 5 seconds open connections end.

--issuer is the subject of the CA in the certificate's order, as openssl and postern print it, or a file with the CA's
certificate (PEM). Lists of a CA are better given whole: postern secret create crl.`;
  static readonly exits = {
    0: 'revoked, or it was already',
    3: 'what names the certificate cannot be read, or there are too many revocations',
    5: 'there is no such route or CA',
  };
  static readonly related = ['client:revocations', 'client:unrevoke'];
  static override examples = [
    'postern client revoke --subject jane.acme.org --reason keyCompromise',
    "postern client revoke --serial 1F:A0 --issuer 'CN=Acme CA, O=Acme'",
    'postern client revoke --serial 1FA0 --issuer acme-ca.crt --route shop',
  ];
  static override flags = {
    fingerprint: Flags.string({ description: 'SHA-256 of the certificate', helpValue: 'HEX' }),
    serial: Flags.string({ description: 'serial number; needs --issuer', helpValue: 'HEX' }),
    issuer: Flags.string({
      description: 'name of the issuer, or a file with its certificate',
      helpValue: 'DN|FILE',
    }),
    subject: Flags.string({ description: 'a CN or DNS name of client certificates', helpValue: 'NAME' }),
    reason: Flags.string({
      description: 'why, for those who read the list',
      options: [...REVOCATION_REASONS],
      default: 'unspecified',
    }),
    route: Flags.string({ description: "only on this route's host", helpValue: 'NAME' }),
    ca: Flags.string({ description: 'only where a CA of this tls-ca secret vouches', helpValue: 'NAME' }),
    ...WAIT_FLAGS,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClientRevoke);
    const revoked = await revokedBy(flags);
    const { client, project } = await this.connect(flags);
    const { explainRefusal } = await import('../../explain-refusal.ts');
    const written = await client.revocations
      .create(project, {
        client: revoked,
        reason: REVOCATION_REASONS.find((reason) => reason === flags.reason) ?? 'unspecified',
        route: nameIn(flags.route, '--route'),
        ca: nameIn(flags.ca, '--ca'),
      })
      .catch((error: unknown) => {
        throw explainRefusal(error, 'the revocation');
      });
    const { id, findings } = written.resource;
    const { describeRevoked } = await import('../../client/describe-revocation.ts');
    const verb = written.created ? 'revoked' : 'was revoked already';
    await this.show(flags, {
      data: written.resource,
      names: [id],
      text: () => `${describeRevoked(written.resource)} ${verb}: revocation ${id}\n`,
    });
    await this.sayFindings(findings);
    await this.waitForEdge(client, written, flags);
  }
}

interface RevokeFlags {
  readonly fingerprint?: string | undefined;
  readonly serial?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
}

async function revokedBy({ fingerprint, serial, issuer, subject }: RevokeFlags): Promise<RevokedClient> {
  const ways = [fingerprint, serial, subject].filter((way) => way !== undefined);
  if (ways.length !== 1)
    throw usageFailure(
      'name the certificates in one way: --fingerprint, --serial with --issuer, or --subject',
    );
  if ((serial === undefined) !== (issuer === undefined))
    throw usageFailure(
      '--serial and --issuer belong together: serial numbers are unique for one issuer only',
    );
  if (fingerprint !== undefined) return { by: 'fingerprint', fingerprint };
  if (serial === undefined || issuer === undefined) return { by: 'subject', subject: subject ?? '' };
  // A name always has an equals sign; such a file can be written as ./FILE.
  const isFile = !issuer.includes('=') || issuer.startsWith('./');
  if (!isFile) return { by: 'serial', serialNumber: serial, issuer };
  const { readIssuerFile } = await import('../../client/read-issuer-file.ts');
  return { by: 'serial', serialNumber: serial, issuer: readIssuerFile(issuer) };
}

function nameIn(text: string | undefined, flag: string): ResourceName | undefined {
  if (text === undefined) return undefined;
  const name = resourceName.safeParse(text);
  if (name.success) return name.data;
  throw usageFailure(`${flag} "${text}" is not a name`);
}
