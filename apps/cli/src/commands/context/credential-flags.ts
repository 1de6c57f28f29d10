import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { parseWith, type ResourceName, resourceName } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import type { Context } from '../../config/config-schema.ts';
import { isApiUrl } from '../../config/is-api-url.ts';
import { readToken } from '../../config/read-token.ts';

/** `--token-file`; `--token-stdin` is a flag of every command. */
export const TOKEN_FILE_FLAG = {
  'token-file': Flags.string({
    description: 'read the token from this file at every call; the configuration keeps the path alone',
    helpValue: 'FILE',
    exclusive: ['token-stdin'],
  }),
};

interface CredentialFlags {
  readonly 'token-stdin': boolean;
  readonly 'token-file'?: string | undefined;
}

/** What the flags say of a token: nothing, the token of standard input, or the path of a file that holds one now. */
export async function readCredential(
  flags: CredentialFlags,
): Promise<Pick<Context, 'token' | 'tokenFile'> | undefined> {
  if (flags['token-stdin']) return { token: await readToken('-', '--token-stdin') };
  const file = flags['token-file'];
  if (file === undefined) return undefined;
  await readToken(file, '--token-file');
  return { tokenFile: resolve(file) };
}

/** Reads `--url`. Usage failure; an address with a password in it is not repeated. */
export function parseUrl(text: string): string {
  if (isApiUrl(text)) return text.replace(/\/+$/, '');
  throw usageFailure(
    '--url is not the address of an API',
    'write it like https://postern.example.org:8700, without user and password',
  );
}

/** Reads `--project`. Usage failure. */
export function parseProject(text: string): ResourceName {
  const result = parseWith(resourceName, text);
  if (result.ok) return result.value;
  throw usageFailure(`--project "${text}" is not a name: ${result.findings[0]?.message ?? ''}`);
}

/** True where a token for this address can be read on its way. */
export function isOpenToReaders(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
