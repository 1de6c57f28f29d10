import * as Flags from '@oclif/core/flags';
import { REVOCATION_REASONS } from '@postern/contracts';
import { PosternCommand } from '../../base-command.ts';
import { CliFailure } from '../../cli-failure.ts';
import { WAIT_FLAGS } from '../write-flags.ts';
import { hostArg } from './host-arg.ts';

export class CertRevoke extends PosternCommand {
  static override summary = 'Have the certificate of a host revoked by its CA, and replaced';
  static override description =
    'For a key that others may have. The CA is asked by the certificate worker; where a route serves the host, another certificate with a new key is ordered at once, and the revoked one serves until that is there. It cannot be taken back.';
  static readonly exits = {
    0: 'revoked, or asked for',
    1: 'the CA refused',
    5: 'there is no certificate of Postern for the host',
  };
  static readonly related = ['cert:get', 'cert:renew'];
  static override examples = ['postern cert revoke shop.example.org --reason keyCompromise'];
  static override args = { name: hostArg({ required: true }) };
  static override flags = {
    reason: Flags.string({
      description: 'why, for those who read the list',
      options: [...REVOCATION_REASONS],
      default: 'unspecified',
    }),
    ...WAIT_FLAGS,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CertRevoke);
    const reason = REVOCATION_REASONS.find((word) => word === flags.reason);
    const { client, project } = await this.connect(flags);
    const asked = await client.certificates.revoke(project, args.name, { reason });
    const { waitForRevocation } = await import('../../certificate/wait-for-successor.ts');
    const progress = await this.progress(`waiting until the CA has revoked the certificate of ${args.name}`);
    const found = await waitForRevocation(client, asked, args.name, flags.wait ? flags.timeout : 0).finally(
      () => progress.stop(),
    );
    const state = found.revocation?.state ?? 'waiting';
    if (state === 'failed') {
      const { code, detail } = found.revocation?.error ?? { code: 'internal', detail: '' };
      throw new CliFailure('failed', `the certificate is not revoked (${code}): ${detail}`);
    }
    await this.show(flags, {
      data: found,
      names: found.names,
      text: () => `Certificate of ${args.name} ${state === 'done' ? 'revoked' : 'is to be revoked'}\n`,
    });
    if (flags.wait && state === 'waiting')
      this.say(
        `warning: the CA has not answered within ${flags.timeout} ms; look with: postern cert get ${args.name}`,
      );
  }
}
