import type { CertificateFiles } from '../../apps/edge/src/testing/openssl-certificates.ts';
import { TLS_CIPHERS } from '../forwarding/tls-ciphers.ts';

/** What each of Debian's proxies is told, in whatever way it wants to hear it. */
export interface PeerSettings {
  /** Where it may write, and the name of its files. */
  readonly directory: string;
  readonly port: number;
  readonly upstreamPort: number;
  /** Where requests below the gRPC service's path go. */
  readonly grpcPort: number;
  readonly grpcPrefix: string;
  readonly server: CertificateFiles;
  readonly serverPem: string;
  readonly clientCa: string;
  /** Each request is logged to this file; none is where it is null. */
  readonly logFile: string | null;
}

/** One worker, kept connections to the upstream, bodies passed on as they come, as their documentation recommends for a proxy. */
export function nginxConfig(settings: PeerSettings): string {
  const { directory, port, upstreamPort, grpcPort, grpcPrefix, server, clientCa, logFile } = settings;
  return `${nginxMain(directory)}
http {
  access_log ${logFile === null ? 'off' : `${logFile} combined`};
${nginxTemporaryPaths(directory)}
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_conf_command Ciphersuites ${TLS_CIPHERS};
  ssl_session_cache shared:bench:10m;
  keepalive_requests 100000000;
  client_max_body_size 0;
  upstream plain { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 100000000; }
  upstream grpc { server 127.0.0.1:${grpcPort}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate ${server.cert};
    ssl_certificate_key ${server.key};
    ssl_client_certificate ${clientCa};
    ssl_verify_client on;
    ssl_verify_depth 3;
    location / {
      proxy_pass http://plain;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
    }
    location ${grpcPrefix} { grpc_pass grpc://grpc; }
  }
}
`;
}

/** What stands before `http`: in the foreground, one worker. */
export function nginxMain(directory: string): string {
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  return `${user}daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/nginx-error.log error;
events { worker_connections 8192; }`;
}

/** Debian's default places belong to root. */
export function nginxTemporaryPaths(directory: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${directory}/nginx-${name};`)
    .join('\n');
}

/** One thread; its log goes to standard output, which is the file. */
export function haproxyConfig(settings: PeerSettings): string {
  const { port, upstreamPort, grpcPort, grpcPrefix, serverPem, clientCa, logFile } = settings;
  return `global
  nbthread 1
  maxconn 8192
  ssl-default-bind-ciphersuites ${TLS_CIPHERS}
${logFile === null ? '' : '  log stdout format raw local0\n'}defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${logFile === null ? '' : '  log global\n  option httplog\n'}frontend tls
  bind 127.0.0.1:${port} ssl crt ${serverPem} ca-file ${clientCa} verify required alpn h2,http/1.1
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  use_backend grpc if { path_beg ${grpcPrefix} }
  default_backend plain
backend plain
  http-reuse always
  server upstream 127.0.0.1:${upstreamPort}
backend grpc
  http-reuse always
  server upstream 127.0.0.1:${grpcPort} proto h2
`;
}

/** Caddy in its own JSON. */
export function caddyConfig(settings: PeerSettings): string {
  const { port, upstreamPort, grpcPort, grpcPrefix, server, clientCa, logFile } = settings;
  const proxyTo = (target: number, versions: string[]) => ({
    handler: 'reverse_proxy',
    upstreams: [{ dial: `127.0.0.1:${target}` }],
    transport: { protocol: 'http', versions, keep_alive: { max_idle_conns_per_host: 256 } },
  });
  const access =
    logFile === null
      ? {}
      : { access: { writer: { output: 'file', filename: logFile }, include: ['http.log.access'] } };
  return JSON.stringify({
    admin: { disabled: true, config: { persist: false } },
    logging: { logs: { default: { level: 'ERROR', exclude: ['http.log.access'] }, ...access } },
    apps: {
      http: {
        servers: {
          bench: {
            listen: [`127.0.0.1:${port}`],
            automatic_https: { disable: true },
            protocols: ['h1', 'h2'],
            ...(logFile === null ? {} : { logs: {} }),
            tls_connection_policies: [
              {
                client_authentication: {
                  trusted_ca_certs_pem_files: [clientCa],
                  mode: 'require_and_verify',
                },
              },
            ],
            routes: [
              { match: [{ path: [`${grpcPrefix}*`] }], handle: [proxyTo(grpcPort, ['h2c'])], terminal: true },
              { handle: [proxyTo(upstreamPort, ['1.1'])] },
            ],
          },
        },
      },
      tls: { certificates: { load_files: [{ certificate: server.cert, key: server.key }] } },
    },
  });
}
