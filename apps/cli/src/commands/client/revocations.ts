import { PosternCommand } from '../../base-command.ts';

export class ClientRevocations extends PosternCommand {
  static override summary = 'List what is revoked in the project, the oldest first';
  static override description = 'What the revocation lists of CAs hold is not listed here.';
  static readonly exits = { 0: 'done' };
  static readonly related = ['client:revoke', 'client:unrevoke'];
  static override examples = ['postern client revocations', 'postern client revocations --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(ClientRevocations);
    const { client, project } = await this.connect(flags);
    const { formatTable } = await import('../../output/format-table.ts');
    const { describeRevoked, scopeOf } = await import('../../client/describe-revocation.ts');
    const revocations = await client.revocations.list(project);
    const rows = revocations.map((revocation) => [
      revocation.id,
      describeRevoked(revocation),
      revocation.reason,
      scopeOf(revocation),
      revocation.createdAt,
    ]);
    await this.show(flags, {
      data: revocations,
      names: revocations.map(({ id }) => id),
      text: (layout) => formatTable(['ID', 'REVOKED', 'REASON', 'ON', 'SINCE'], rows, layout),
    });
  }
}
