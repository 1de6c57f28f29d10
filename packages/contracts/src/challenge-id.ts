/** The id of a challenge in the feed, as an edge looks it up: by what the CA's question names. */
export function challengeId(
  asked: { type: 'http-01'; token: string } | { type: 'tls-alpn-01'; host: string },
): string {
  return asked.type === 'http-01' ? `http-01:${asked.token}` : `tls-alpn-01:${asked.host}`;
}
