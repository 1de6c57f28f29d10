import { z } from 'zod';
import { hostname } from './names.ts';

const base64url = /^[A-Za-z0-9_-]+$/;
/** `TOKEN.THUMBPRINT` (RFC 8555 section 8.1); CAs write tokens of 43 characters, and thumbprints have as many. */
const keyAuthorization = z
  .string()
  .max(400)
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, 'a key authorization is TOKEN.THUMBPRINT');

const common = {
  /** The name that is proven; edges answer for no other. */
  host: hostname,
  keyAuthorization,
  /** Milliseconds since 1970. From then on edges do not answer it any more. */
  expiresAt: z.int().min(0),
};

/** What a CA asks of whoever asks for a certificate, and every edge answers (RFC 8555 section 8, RFC 8737). */
export const challenge = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('http-01'),
    ...common,
    token: z.string().max(200).regex(base64url, 'a token is base64url'),
  }),
  z.strictObject({ type: z.literal('tls-alpn-01'), ...common }),
]);
export type Challenge = z.infer<typeof challenge>;
