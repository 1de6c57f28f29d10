import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';

export class DoctorEdge extends PosternCommand {
  static override summary = 'Try the known ways past the client-certificate check of a live host';
  static override description =
    'Works from outside, on any server: handshakes and harmless requests for /, over HTTP/1.1 and HTTP/2, no API. Each line says pass, warn, fail or skip. Checks of sessions need the openssl command. Give the certificate of an admitted client to check more, and with --neighbour a host of the same edge that asks for none.';
  static readonly exits = {
    0: 'no way past was found (warnings and skipped checks are printed)',
    1: 'a check failed',
  };
  static readonly related = ['doctor', 'explain', 'route:test'];
  static override examples = [
    'postern doctor edge shop.acme.org',
    'postern doctor edge shop.acme.org --cert client.crt --key client.key --neighbour www.acme.org --json',
    'postern doctor edge shop.localhost:8443 --http 127.0.0.1:8080',
  ];
  static override args = {
    host: Args.string({
      description: 'host that clients call, with :PORT where that is not 443',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    cert: Flags.string({
      description: 'certificate (PEM) of a client that the host admits, with what it sends after it',
      helpValue: 'FILE',
      dependsOn: ['key'],
    }),
    key: Flags.string({ description: 'its private key (PEM)', helpValue: 'FILE', dependsOn: ['cert'] }),
    connect: Flags.string({
      description: 'where to connect; the host itself when absent',
      helpValue: 'ADDR:PORT',
    }),
    neighbour: Flags.string({
      description: 'another host of the same edge, one that asks for no certificate',
      helpValue: 'HOST',
    }),
    http: Flags.string({ description: 'where the edge serves plain HTTP', helpValue: 'ADDR:PORT' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DoctorEdge);
    const { probeEdge } = await import('@postern/doctor');
    const { readInputFile } = await import('../../read-input-file.ts');
    const { LIMITS } = await import('@postern/contracts');
    const textOf = (file: string, flag: string) =>
      readInputFile(file, flag, LIMITS.secretBytesMax).toString('utf8');
    const { cert, key } = flags;
    const { host, port } = hostOf(args.host);
    const checks = await probeEdge({
      host,
      // Names below localhost are this machine, as for curl; many resolvers do not know them.
      ...(addressOf('--connect', flags.connect) ?? {
        address: /(^|\.)localhost$/.test(host) ? '127.0.0.1' : host,
        port,
      }),
      client:
        cert === undefined || key === undefined
          ? null
          : { certPem: textOf(cert, '--cert'), keyPem: textOf(key, '--key') },
      neighbour: flags.neighbour ?? null,
      http: addressOf('--http', flags.http),
      timeoutMs: flags.timeout,
    });
    const { formatTable } = await import('../../output/format-table.ts');
    const failed = checks.filter(({ status }) => status === 'fail');
    await this.show(flags, {
      data: { ok: failed.length === 0, host, checks },
      names: failed.map(({ name }) => name),
      text: (layout) =>
        formatTable(
          ['STATUS', 'CHECK', 'FOUND', 'TRY'],
          checks.map(({ status, name, detail, hint }) => [status, name, detail, hint ?? '']),
          layout,
        ),
    });
    if (failed.length > 0) process.exitCode = 1;
  }
}

function hostOf(text: string): { host: string; port: number } {
  const [, host, port = '443'] = /^([^:/[\]]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw usageFailure(`"${text}" is not a host`, 'like shop.example.org or shop.localhost:8443');
  }
  return { host, port: Number(port) };
}

function addressOf(flag: string, text: string | undefined): { address: string; port: number } | null {
  if (text === undefined) return null;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const address = match?.[1] ?? match?.[2];
  if (address === undefined || port < 1 || port > 65_535) {
    throw usageFailure(`${flag} ${text} is not an address with a port`, 'like 127.0.0.1:8443 or [::1]:8443');
  }
  return { address, port };
}
