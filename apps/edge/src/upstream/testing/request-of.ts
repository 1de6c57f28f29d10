import type { UpstreamRequest } from '../attempt.ts';

/** A small GET, but for what is said of it. */
export function requestOf(said: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'GET',
    path: '/',
    clientAuthority: 'a.example.org',
    fields: () => [],
    writeHttp1Head: () => null,
    body: { kind: 'none' },
    expectContinue: false,
    takesTrailers: () => false,
    grpc: false,
    websocket: false,
    ...said,
  };
}
