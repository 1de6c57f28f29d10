import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { parseFuture, parsePast } from '../time-flags.ts';

export class ClientList extends PosternCommand {
  static override summary = 'List the clients that were seen with a trusted certificate, the latest first';
  static override description =
    'A client is a certificate that a client CA of a route vouched for; CA names the tls-ca secret. Edges tell of each client and host once a minute.';
  static readonly exits = { 0: 'listed', 5: 'there is no such project' };
  static readonly related = ['client:get', 'refusal:list'];
  static override examples = [
    'postern client list',
    'postern client list --expiring 14d',
    'postern client list --ca my-old-ca --since 24h -o wide',
  ];
  static override flags = {
    host: Flags.string({ description: 'host of the route they were seen at', helpValue: 'HOST' }),
    route: Flags.string({ description: 'route they were seen at', helpValue: 'NAME' }),
    ca: Flags.string({ description: 'tls-ca secret that vouched for them', helpValue: 'NAME' }),
    since: Flags.string({
      description: 'those seen since: 30m, 24h, 7d, or a time (ISO 8601)',
      helpValue: 'TIME',
    }),
    expiring: Flags.string({
      description: 'those whose certificate ends within: 14d, 8w, or before a time (ISO 8601)',
      helpValue: 'TIME',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ClientList);
    const { host, route, ca, since, expiring } = flags;
    const now = Date.now();
    const filter = {
      host,
      route,
      ca,
      since: since === undefined ? undefined : parsePast(since, '--since', now),
      expiresBefore: expiring === undefined ? undefined : parseFuture(expiring, '--expiring', now),
    };
    const { client, project } = await this.connect(flags);
    const found = await client.clients.list(project, filter);
    const clients = found.toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : a.lastAt > b.lastAt ? -1 : 0));
    const { formatTable } = await import('../../output/format-table.ts');
    const { clientTable } = await import('../../ledger/describe-client.ts');
    await this.show(flags, {
      data: clients,
      names: clients.map(({ fingerprint }) => fingerprint),
      text(layout) {
        const { header, row } = clientTable(layout.wide);
        return formatTable(header, clients.map(row), layout);
      },
    });
  }
}
