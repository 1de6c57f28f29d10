import type { DnsProvider, TxtRecord } from './dns-solver.ts';
import { runProgram } from './run-program.ts';

export interface Rfc2136Options {
  /** `HOST:PORT` of the primary server. */
  readonly server: string;
  /** File with the TSIG key, as `tsig-keygen` writes it. */
  readonly keyFile: string;
  /** Null: nsupdate finds the zone by its SOA record. */
  readonly zone: string | null;
  readonly ttlSeconds: number;
}

/** Dynamic updates (RFC 2136) signed with a TSIG key, by `nsupdate` of bind9-dnsutils. */
export function createRfc2136Provider(options: Rfc2136Options): DnsProvider {
  const { keyFile, zone, ttlSeconds } = options;
  const [, host = '', port = '53'] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(options.server) ?? [];
  const update = (line: string): Promise<void> => {
    const lines = [`server ${host} ${port}`, ...(zone === null ? [] : [`zone ${zone}`]), line, 'send', ''];
    return runProgram('nsupdate', ['-t', '20', '-k', keyFile], { input: lines.join('\n') });
  };
  const written = ({ name, value }: TxtRecord): string => `${name}. ${ttlSeconds} IN TXT "${value}"`;
  return {
    name: `rfc2136 (${options.server})`,
    add: (record) => update(`update add ${written(record)}`),
    remove: ({ name, value }) => update(`update delete ${name}. TXT "${value}"`),
  };
}
