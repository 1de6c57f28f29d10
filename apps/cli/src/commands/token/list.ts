import type { TokenResource } from '@postern/contracts';
import { PosternCommand } from '../../base-command.ts';

export class TokenList extends PosternCommand {
  static override summary = 'List the tokens, without their values';
  static override description =
    'LAST USED is behind by up to five minutes. The token of this call is marked.';
  static readonly exits = { 0: 'done' };
  static readonly related = ['token:create', 'token:revoke'];
  static override examples = ['postern token list', 'postern token list --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(TokenList);
    const { client } = await this.connect(flags);
    const { formatTable } = await import('../../output/format-table.ts');
    const tokens = await client.tokens.list();
    const now = Date.now();
    const rows = tokens.map((token) => [
      token.current ? '*' : '',
      token.name,
      token.scope,
      token.createdAt,
      expiryOf(token, now),
      token.lastUsedAt ?? 'never',
    ]);
    await this.show(flags, {
      data: tokens,
      names: tokens.map(({ name }) => name),
      text: (layout) =>
        formatTable(['CURRENT', 'NAME', 'SCOPE', 'CREATED', 'EXPIRES', 'LAST USED'], rows, layout),
    });
  }
}

function expiryOf({ expiresAt }: TokenResource, now: number): string {
  if (expiresAt === null) return 'never';
  return Date.parse(expiresAt) <= now ? `expired ${expiresAt}` : expiresAt;
}
