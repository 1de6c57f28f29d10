import { LIMITS, PosternError } from '@postern/contracts';
import { parseStrictJson } from './strict-json.ts';

const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/**
 * Reads the body of a request as JSON of at most LIMITS.apiBodyBytesMax bytes.
 * Fails with `unsupported_media_type` (also for a Content-Encoding), `payload_too_large` or `malformed_body`.
 */
export async function readJsonBody(request: Request): Promise<unknown> {
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? '') || request.headers.has('content-encoding')) {
    throw new PosternError('unsupported_media_type', {
      detail: 'send the body uncompressed, with Content-Type: application/json',
    });
  }
  // Refused before a byte is read where the length is told, and while reading where it is not.
  if (Number(request.headers.get('content-length') ?? 0) > LIMITS.apiBodyBytesMax) throw tooLarge();
  const bytes = await readBytes(request);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new PosternError('malformed_body', { detail: 'the body is not UTF-8' });
  }
  return parseStrictJson(text);
}

async function readBytes(request: Request): Promise<Buffer> {
  try {
    // The streams of the web take longer than most writes: where the length is told, no more than that can come.
    if (request.headers.has('content-length')) return Buffer.from(await request.arrayBuffer());
    return await readBoundedBytes(request);
  } catch (error) {
    if (error instanceof PosternError) throw error;
    throw new PosternError('malformed_body', { detail: 'the body broke off', cause: error });
  }
}

async function readBoundedBytes({ body }: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > LIMITS.apiBodyBytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function tooLarge(): PosternError {
  return new PosternError('payload_too_large', {
    detail: `a request has at most ${LIMITS.apiBodyBytesMax} bytes`,
  });
}
