import { createWriteStream, readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import httpProxy from 'http-proxy';
import { createProxyServer } from 'http-proxy-3';
import type { PeerOptions } from './proxies.ts';
import { TLS_CIPHERS, TLS12_CIPHERS } from './tls-ciphers.ts';

// A peer behind its usual server, on a free port of 127.0.0.1 that it prints: peer-main.ts OPTIONS (JSON)
const options = JSON.parse(process.argv[2] ?? '{}') as PeerOptions;
const { peer, certFile, keyFile, target, protocol, clientCa, logFile } = options;
const log = logFile === undefined ? null : createWriteStream(logFile, { flags: 'a' });

type Forward = (request: IncomingMessage, response: ServerResponse) => void;

/** Both get what their documentation recommends for speed, kept connections, and the forwarding fields that Postern sets too. */
function forwardWith(name: string): Forward {
  const forwarding = { target, xfwd: true, agent: new Agent({ keepAlive: true }) };
  const answerFault = (response: unknown): void => {
    const answer = response as ServerResponse;
    if (!answer.headersSent) answer.writeHead(502);
    answer.end();
  };
  switch (name) {
    case 'http-proxy': {
      const proxy = httpProxy.createProxyServer(forwarding);
      return (request, response) => proxy.web(request, response, {}, () => answerFault(response));
    }
    case 'http-proxy-3': {
      const proxy = createProxyServer(forwarding);
      return (request, response) => {
        void proxy.web(request, response, {}, () => answerFault(response));
      };
    }
    default:
      throw new Error(`no such peer: ${name}`);
  }
}

/** One line a request, in the common format of access logs, once its answer is out. */
function logging(forward: Forward): Forward {
  if (log === null) return forward;
  return (request, response) => {
    response.once('finish', () => {
      const { method, url, httpVersion, socket } = request;
      const line = `"${method} ${url} HTTP/${httpVersion}" ${response.statusCode}`;
      log.write(`${socket.remoteAddress} - - [${new Date().toISOString()}] ${line}\n`);
    });
    forward(request, response);
  };
}

const forward = logging(forwardWith(peer));
const tls = {
  ...{ cert: readFileSync(certFile), key: readFileSync(keyFile), ciphers: `${TLS_CIPHERS}:${TLS12_CIPHERS}` },
  ...(clientCa === undefined
    ? {}
    : { ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true }),
};
const server =
  protocol === 'http2'
    ? createSecureServer({ ...tls, allowHTTP1: true }, (request, response) => {
        // What its users do: the compatibility objects are handed over as if they were those of node:http.
        forward(request as unknown as IncomingMessage, response as unknown as ServerResponse);
      })
    : createServer(tls, forward);
server.listen(0, '127.0.0.1', () => {
  console.log(`listening ${(server.address() as AddressInfo).port}`);
});
