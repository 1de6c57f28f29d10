import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CertificateFiles,
  OpensslCertificates,
} from '../../apps/edge/src/testing/openssl-certificates.ts';
import { createReissuer } from '../../test/scale/reissue-certificate.ts';

/** What stands in the templates where each host has its number. */
const NUMBER = '000000';

/** A host with a certificate and a client CA of its own, as files of the fixture. */
export interface PeerHost {
  readonly name: string;
  /** Certificate and key in one file. */
  readonly serverPem: string;
  readonly serverCert: string;
  readonly clientCa: string;
}

/** Many hosts for a proxy that is told by files. */
export interface PeerHosts {
  readonly hosts: readonly PeerHost[];
  /** The one key of all server certificates. */
  readonly serverKey: string;
  /** A client that the host admits. */
  clientFor(host: PeerHost): { readonly cert: string; readonly key: string };
}

/** Writes the files of `count` hosts below `directory`. Certificates share keys, which costs a proxy the same. */
export function writePeerHosts(directory: string, count: number): PeerHosts {
  const openssl = new OpensslCertificates(directory);
  const name = (number: string) => `h${number}.many.localhost`;
  const pem = (file: string) => readFileSync(file, 'utf8');
  const server = openssl.selfSigned(name(NUMBER), [`subjectAltName=DNS:${name(NUMBER)}`]);
  const ca = openssl.selfSigned(`Clients of ${name(NUMBER)}`);
  const client = openssl.signed(ca, `client-${name(NUMBER)}`);
  const reissuer = (files: CertificateFiles, signer: CertificateFiles) => {
    const { reissue } = createReissuer({ certPem: pem(files.cert) }, pem(signer.key));
    return (number: string) => reissue([[name(NUMBER), name(number)]]);
  };
  const serverOf = reissuer(server, server);
  const caOf = reissuer(ca, ca);
  const clientOf = reissuer(client, ca);
  const folder = join(directory, 'many');
  mkdirSync(folder);
  const serverKeyPem = pem(server.key);
  const clientKeyPem = pem(client.key);
  const hosts = Array.from({ length: count }, (_, index): PeerHost => {
    const number = String(index + 1).padStart(NUMBER.length, '0');
    const base = join(folder, number);
    const host = {
      name: name(number),
      serverPem: `${base}.bundle.pem`,
      serverCert: `${base}.pem`,
      clientCa: `${base}.ca.pem`,
    };
    const serverCertPem = serverOf(number);
    writeFileSync(host.serverCert, serverCertPem);
    writeFileSync(host.serverPem, serverCertPem + serverKeyPem);
    writeFileSync(host.clientCa, caOf(number));
    return host;
  });
  return {
    hosts,
    serverKey: server.key,
    clientFor: (host) => ({ cert: clientOf(host.name.slice(1, 1 + NUMBER.length)), key: clientKeyPem }),
  };
}
