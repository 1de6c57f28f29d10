import { PosternError } from '@postern/contracts/plain';
import { type ListenAddress, writeListenAddress } from './listen-addresses.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use already, by another program or another listener of this one',
  EADDRNOTAVAIL: 'is not an address of this machine',
  EACCES: 'may not be listened on by this user',
  EAFNOSUPPORT: 'is of a family this machine does not have',
  ENOTFOUND: 'has a host that cannot be resolved',
};

/** Why an address cannot be listened on, to be read behind it; undefined where the error is none of listening. */
export function whyNotListening(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause ? REASONS[String(cause.code)] : undefined;
}

/** The `unavailable` of an address that cannot be listened on: one sentence that names variable, address and reason. */
export function listenFailure(variable: string, address: ListenAddress, cause: unknown): PosternError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const reason = whyNotListening(cause) ?? `cannot be listened on (${code})`;
  return new PosternError('unavailable', {
    detail: `${variable}: ${writeListenAddress(address)} ${reason}`,
    cause,
  });
}
