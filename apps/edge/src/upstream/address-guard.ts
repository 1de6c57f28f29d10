import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { PosternError, plainAddressOf, refusalOfAddress } from '@postern/contracts/plain';

/** An address and port on which a part of Postern itself listens; a wildcard address stands for every local one. */
export interface OwnListener {
  readonly address: string;
  readonly port: number;
}

/** Keeps services from being aimed at cloud metadata or at Postern itself, by resolved address, not by name. */
export interface AddressGuard {
  /** Says why an address may not be connected to, or undefined when it may. */
  refusalOf(address: string, port: number): string | undefined;
  /** The same of an address that is connected to already: the one thing that can have changed is where Postern itself listens. */
  refusalSince(address: string, port: number): string | undefined;
  /** A `lookup` for node:net that yields allowed addresses only; fails with `upstream_forbidden` when none is left. */
  lookupFor(port: number): LookupFunction;
}

/** Addresses that are looked up in the lists once: an HTTP/2 target is asked for with each request. */
const KNOWN_ADDRESSES_MAX = 1_000;
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Builds the guard; `ownListeners` is asked at each check because listeners may bind after it was made. */
export function createAddressGuard(options: { ownListeners: () => readonly OwnListener[] }): AddressGuard {
  /** What never changes of an address; null: nothing speaks against it. */
  const fixed = new Map<string, string | null>();
  const refusalOf = (address: string, port: number): string | undefined => {
    let refusal = fixed.get(address);
    if (refusal === undefined) {
      const isAddress = isIP(plainAddressOf(address)) !== 0;
      refusal = isAddress ? (refusalOfAddress(address) ?? null) : 'it is not an IP address';
      if (fixed.size >= KNOWN_ADDRESSES_MAX) fixed.clear();
      fixed.set(address, refusal);
    }
    return refusal ?? refusalSince(address, port);
  };
  const refusalSince = (address: string, port: number): string | undefined => {
    for (const listener of options.ownListeners())
      if (listener.port === port && covers(listener.address, plainAddressOf(address)))
        return 'it is a listener of Postern';
    return undefined;
  };
  return {
    refusalOf,
    refusalSince,
    lookupFor: (port) => (hostname, lookupOptions, callback) => {
      dnsLookup(hostname, { ...lookupOptions, all: true }, (error, found: LookupAddress[]) => {
        if (error !== null) {
          callback(error, '', 0);
          return;
        }
        const allowed = found.filter(({ address }) => refusalOf(address, port) === undefined);
        const first = allowed[0];
        if (first === undefined) {
          callback(
            forbidden(hostname, found[0]?.address ?? '', refusalOf(found[0]?.address ?? '', port)),
            '',
            0,
          );
        } else if (lookupOptions.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      });
    },
  };
}

/** The error of a target that the guard refuses; the address is for the log only. */
export function forbidden(host: string, address: string, why: string | undefined): PosternError {
  return new PosternError('upstream_forbidden', {
    detail: 'The upstream address of this service is not allowed.',
    context: { targetHost: host, address, why },
  });
}

function covers(listener: string, address: string): boolean {
  const plain = plainAddressOf(listener);
  if (plain === address) return true;
  if (plain !== '0.0.0.0' && plain !== '::') return false;
  if (LOOPBACK.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')) return true;
  return Object.values(networkInterfaces()).some(
    (all) => all?.some((one) => one.address === address) ?? false,
  );
}
