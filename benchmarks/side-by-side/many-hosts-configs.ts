import type { DebianPeer } from './debian-peers.ts';
import type { PeerHost } from './many-hosts-fixture.ts';
import { nginxMain, nginxTemporaryPaths } from './peer-configs.ts';

/** What a proxy with many hosts is told. */
export interface ManySettings {
  readonly directory: string;
  readonly port: number;
  /** Of Caddy's API for changes. */
  readonly adminPort: number;
  readonly upstreamPort: number;
  readonly serverKey: string;
  readonly hosts: readonly PeerHost[];
}

/** Files of a configuration with many hosts: name and content, the main one first. */
type ConfigFiles = readonly (readonly [name: string, content: string])[];

/** Every host demands certificates of its own CA; its own certificate is its own as well. */
export const MANY_HOSTS_CONFIGS: Record<DebianPeer, (settings: ManySettings) => ConfigFiles> = {
  nginx: ({ directory, port, upstreamPort, serverKey, hosts }) => {
    const servers = hosts.map(
      ({ name, serverCert, clientCa }) =>
        `  server { listen 127.0.0.1:${port} ssl; server_name ${name}; ssl_certificate ${serverCert}; ssl_certificate_key ${serverKey};
    ssl_client_certificate ${clientCa}; ssl_verify_client on; location / { proxy_pass http://plain; } }`,
    );
    const text = `${nginxMain(directory)}
http {
  access_log off;
${nginxTemporaryPaths(directory)}
  ssl_protocols TLSv1.2 TLSv1.3;
  server_names_hash_max_size 524288;
  server_names_hash_bucket_size 128;
  upstream plain { server 127.0.0.1:${upstreamPort}; }
${servers.join('\n')}
}
`;
    return [['nginx-many.conf', text]];
  },
  haproxy: ({ directory, port, upstreamPort, hosts }) => {
    const list = hosts.map(
      ({ name, serverPem, clientCa }) => `${serverPem} [ca-file ${clientCa} verify required] ${name}`,
    );
    const text = `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend tls
  bind 127.0.0.1:${port} ssl crt-list ${directory}/haproxy-many.list
  default_backend plain
backend plain
  server upstream 127.0.0.1:${upstreamPort}
`;
    return [
      ['haproxy-many.conf', text],
      ['haproxy-many.list', `${list.join('\n')}\n`],
    ];
  },
  caddy: ({ port, adminPort, upstreamPort, serverKey, hosts }) => {
    const handler = { handler: 'reverse_proxy', upstreams: [{ dial: `127.0.0.1:${upstreamPort}` }] };
    const server = {
      listen: [`127.0.0.1:${port}`],
      automatic_https: { disable: true },
      protocols: ['h1', 'h2'],
      tls_connection_policies: hosts.map(({ name, clientCa }) => ({
        match: { sni: [name] },
        client_authentication: { trusted_ca_certs_pem_files: [clientCa], mode: 'require_and_verify' },
      })),
      routes: hosts.map(({ name }) => ({ match: [{ host: [name] }], handle: [handler], terminal: true })),
    };
    const text = JSON.stringify({
      admin: { listen: `127.0.0.1:${adminPort}`, config: { persist: false } },
      logging: { logs: { default: { level: 'ERROR' } } },
      apps: {
        http: { servers: { many: server } },
        tls: {
          certificates: {
            load_files: hosts.map(({ serverCert }) => ({ certificate: serverCert, key: serverKey })),
          },
        },
      },
    });
    return [['caddy-many.json', text]];
  },
};
