import * as Args from '@oclif/core/args';
import type { PosternClient } from '@postern/client';
import { PosternCommand } from '../../base-command.ts';
import { CliFailure } from '../../cli-failure.ts';
import { readFingerprint } from '../../ledger/read-fingerprint.ts';

export class ClientGet extends PosternCommand {
  static override summary = 'Show a client: its certificate, and where it was seen by which CA';
  static override description =
    'The fingerprint is that of the certificate (SHA-256), as openssl x509 -fingerprint -sha256 prints it too; its beginning is enough where it is the only one.';
  static readonly exits = { 0: 'shown', 5: 'no such client was seen', 6: 'several clients begin like this' };
  static readonly related = ['client:list', 'refusal:list'];
  static override examples = ['postern client get 9f86d081884c7d65'];
  static override args = {
    fingerprint: Args.custom<string>({
      description: 'SHA-256 fingerprint, or how it begins',
      ignoreStdin: true,
      parse: async (text) => readFingerprint(text),
    })({ required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ClientGet);
    const { client, project } = await this.connect(flags);
    const fingerprint = await completeFingerprint(client, project, args.fingerprint);
    const found = await client.clients.get(project, fingerprint);
    const { describeClient } = await import('../../ledger/describe-client.ts');
    await this.show(flags, {
      data: found,
      names: [found.fingerprint],
      text: (layout) => describeClient(found, layout),
    });
  }
}

async function completeFingerprint(client: PosternClient, project: string, begin: string): Promise<string> {
  if (begin.length === 64) return begin;
  const all = await client.clients.list(project);
  const [first, second] = all.filter(({ fingerprint }) => fingerprint.startsWith(begin));
  if (first === undefined)
    throw new CliFailure('not_found', `no client was seen whose fingerprint begins with ${begin}`);
  if (second === undefined) return first.fingerprint;
  throw new CliFailure(
    'conflict',
    `several clients begin with ${begin}: ${first.fingerprint}, ${second.fingerprint}`,
  );
}
