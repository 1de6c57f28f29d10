import type { PosternClient } from '@postern/client';
import { hostOfAuthority } from '@postern/contracts';
import { CliFailure, usageFailure } from '../cli-failure.ts';
import { readClientChain, readTestRequest, type TestRequest } from '../route/read-test-request.ts';

/** What is to be explained: a request, and the certificates of its client as DER, leaf first; null: none. */
export interface ExplainedCase {
  readonly request: TestRequest;
  readonly chain: readonly Buffer[] | null;
}

/** How the flags name it: by files, or by a recorded refusal. */
export interface CaseFlags {
  readonly host: string | undefined;
  readonly path: string;
  readonly cert?: string | undefined;
  readonly chain?: string | undefined;
  readonly refusal?: string | undefined;
}

/** Reads what is to be explained. Exit status 1 where the certificates of a refusal are not known any more. */
export async function readCase(
  client: PosternClient,
  project: string,
  flags: CaseFlags,
): Promise<ExplainedCase> {
  if (flags.refusal !== undefined) return readRefusal(client, project, flags.refusal, flags.path);
  return { request: requestOf(flags.host ?? '', flags.path), chain: readChainFiles(flags.cert, flags.chain) };
}

/** The certificates of the files that flags name, leaf first; null where there is none. */
export function readChainFiles(cert: string | undefined, chain: string | undefined): Buffer[] | null {
  if (cert === undefined) return null;
  const further = chain === undefined ? [] : readClientChain(chain, undefined, '--chain');
  return [...readClientChain(cert, undefined), ...further];
}

/** A GET of a path of a host. Usage failure for what is no host or no path. */
export function requestOf(host: string, path: string): TestRequest {
  if (/[/:?#]/.test(host) || hostOfAuthority(host) === undefined) {
    throw usageFailure(`"${host}" is not a host name`, 'without https:// and path, like shop.acme.org');
  }
  if (!path.startsWith('/')) throw usageFailure(`--path "${path}" does not begin with "/"`);
  return readTestRequest(`https://${host}${path}`, 'GET');
}

async function readRefusal(
  client: PosternClient,
  project: string,
  id: string,
  path: string,
): Promise<ExplainedCase> {
  const { sni, reason, chainPem } = await client.refusals.get(project, id);
  const request = requestOf(sni, path);
  if (chainPem !== null) {
    // Also what cannot be read: that is why it was refused.
    return {
      request,
      chain: chainPem.map((pem) => Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ''), 'base64')),
    };
  }
  if (reason === 'certificate_missing') return { request, chain: null };
  throw new CliFailure('failed', `the certificates of refusal ${id} are not kept (reason: ${reason})`, {
    hint: `ask with a file: postern explain ${sni} --cert FILE`,
  });
}
