import { type Hostname, normaliseHostname, pointerOf } from '@postern/contracts';
import { notCarried, notMade } from './imported.ts';
import type { KrakendReading } from './krakend-reading.ts';

/** A certificate of the server and its key, by their files, and where they stand in the configuration. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  readonly path: readonly PropertyKey[];
}

/** A host that is to have a route, and the index of the pair it is served with; null where Postern gets a certificate. */
export interface KrakendHost {
  readonly host: Hostname;
  readonly pair: number | null;
}

/** The DNS names of the certificate in a file, or why they are not known. */
export type ReadNames = (
  file: string,
) => { readonly names: readonly string[] } | { readonly problem: string };

const WHERE =
  "call this where KrakenD is started: relative paths begin there; or put the certificate's file there";

/**
 * The hosts of a KrakenD, which has none in its configuration: with several pairs those that their certificates name, each with
 * the first pair that names it, as KrakenD chooses; and `given`, with the first pair where none does. With one pair `given` alone,
 * if there is one. What no host comes of is told.
 */
export function hostsOfPairs(
  pairs: readonly KeyPair[],
  given: Hostname | undefined,
  readNames: ReadNames,
  reading: KrakendReading,
): KrakendHost[] {
  const first = pairs.length === 0 ? null : 0;
  if (given !== undefined && pairs.length < 2) return [{ host: given, pair: first }];
  const hosts = new Map<Hostname, number>();
  for (const [index, pair] of pairs.entries()) {
    const pointer = pointerOf(pair.path);
    const read = readNames(pair.cert);
    if ('problem' in read) {
      reading.found(notMade(pointer, `no route is made for the hosts of this pair: ${read.problem}`, WHERE));
      continue;
    }
    const named = namedHosts(read.names, pointer, reading);
    const news = named.filter((host) => !hosts.has(host));
    for (const host of news) hosts.set(host, index);
    if (news.length > 0) continue;
    if (index > 0) {
      const why =
        named.length > 0
          ? 'earlier pairs have its hosts'
          : 'its certificate names no host, so that KrakenD shows it to nobody';
      reading.found(notCarried(pointer, `no route has this pair: ${why}`));
    } else if (given === undefined && pairs.length > 1) {
      const why =
        'its certificate names no host, and KrakenD shows it to whoever asks for one that no other has';
      reading.found(notMade(pointer, `no route has this pair: ${why}`, 'add --hostname HOST'));
    }
  }
  if (given !== undefined) {
    const rest = [...hosts].filter(([host]) => host !== given);
    const wildcard = `*${given.slice(given.indexOf('.'))}` as Hostname;
    const pair = hosts.get(given) ?? hosts.get(wildcard) ?? first;
    return [{ host: given, pair }, ...rest.map(([host, own]) => ({ host, pair: own }))];
  }
  if (hosts.size === 0) reading.notMade('', 'no certificate names a host', 'add --hostname HOST');
  return [...hosts].map(([host, pair]) => ({ host, pair }));
}

function namedHosts(names: readonly string[], pointer: string, reading: KrakendReading): Hostname[] {
  const hosts: Hostname[] = [];
  for (const name of names) {
    const read = normaliseHostname(name);
    if ('host' in read) hosts.push(read.host);
    else
      reading.found(
        notCarried(pointer, `no route is made for "${name}" of its certificate: ${read.problem}`),
      );
  }
  return [...new Set(hosts)];
}
