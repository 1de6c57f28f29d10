import type { Upstream } from '@postern/contracts/plain';
import type { Connection, ServedHost } from '../connection.ts';
import type { Field } from '../upstream/fields.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { AccessEntry } from './access-line.ts';
import type { AddedLines } from './forwarding-fields.ts';
import type { ClientPace } from './http-limits.ts';
import type { IdentityTokens } from './identity-token.ts';
import type { UpgradeRelays } from './relay-upgrade.ts';
import type { RequestHead } from './request-head.ts';

/** What all forwarded requests use. */
export interface ForwardContext {
  readonly upstreams: Upstreams;
  readonly upgrades: UpgradeRelays;
  readonly identityTokens: IdentityTokens;
  readonly publicHttpsPort: number;
  readonly pace: ClientPace;
}

export interface ForwardOptions {
  readonly context: ForwardContext;
  readonly connection: Connection;
  /** Of the connection. */
  readonly added: AddedLines;
  readonly served: ServedHost;
  /** What a service is called by, over all projects. */
  readonly service: string;
  readonly upstream: Upstream;
  readonly head: RequestHead;
  readonly websocket: boolean;
  /** CORS fields of every answer; null: the route has no policy. */
  readonly cors: readonly Field[] | null;
  /** Filled in as things become known. */
  readonly entry: AccessEntry;
  /** When the request began, in milliseconds of performance.now(). */
  readonly startedAt: number;
  /** Called once, at the end: with a problem while the client can still be answered, else with null. */
  readonly onOver: (problem: unknown) => void;
}
