import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeFreePorts } from '../platform/free-ports.ts';
import { startProcess } from '../platform/platform.ts';

/** A running bind9 that holds one zone, which holders of a TSIG key may update (RFC 2136). */
export interface NameServer extends AsyncDisposable {
  /** `HOST:PORT`. */
  readonly address: string;
  /** File with the TSIG key, as `nsupdate -k` takes it. */
  readonly keyFile: string;
  readonly folder: string;
}

/** Starts `named` for `zone` on a free port of 127.0.0.1. Every name of the zone has the address 127.0.0.1. */
export async function startNameServer(zone: string): Promise<NameServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-named-'));
  const [port = 0] = await takeFreePorts(1);
  const keyFile = join(folder, 'update.key');
  writeFileSync(keyFile, execFileSync('tsig-keygen', ['-a', 'hmac-sha256', 'postern']), { mode: 0o600 });
  mkdirSync(join(folder, 'zones'));
  writeFileSync(
    join(folder, 'zones/zone.db'),
    [
      '$TTL 1',
      `@ IN SOA ns.${zone}. admin.${zone}. 1 60 60 60 1`,
      `@ IN NS ns.${zone}.`,
      '@ IN A 127.0.0.1',
      '* IN A 127.0.0.1',
      '',
    ].join('\n'),
  );
  writeFileSync(
    join(folder, 'named.conf'),
    `options {
  directory "${folder}";
  pid-file "${folder}/named.pid";
  session-keyfile "${folder}/session.key";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
  allow-transfer { none; };
  notify no;
};
controls { };
${readFileSync(keyFile, 'utf8')}
zone "${zone}" {
  type primary;
  file "${folder}/zones/zone.db";
  allow-update { key "postern"; };
};
`,
  );
  const running = await startProcess(
    'named',
    ['-g', '-n', '1', '-c', join(folder, 'named.conf')],
    {},
    /running$/m,
  );
  return {
    address: `127.0.0.1:${port}`,
    keyFile,
    folder,
    async [Symbol.asyncDispose]() {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
