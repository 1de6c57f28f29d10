import type {
  DnsFindings,
  Hostname,
  HostnameProof,
  HostnameState,
  ResourceName,
  Revision,
} from '@postern/contracts';
import type { WriteMode, Written } from './written.ts';

/** A name that a project may use. Times are milliseconds since 1970. */
export interface HostnameRecord {
  readonly project: ResourceName;
  readonly name: Hostname;
  readonly generated: boolean;
  /** Added by itself: it stays when no route uses it. */
  readonly kept: boolean;
  readonly state: HostnameState;
  /** Since when the state holds. */
  readonly since: number;
  /** Null: its host is closed. */
  readonly verifiedAt: number | null;
  readonly verifiedBy: HostnameProof | null;
  /** When DNS is asked next; null: not by itself. */
  readonly checkAt: number | null;
  readonly checkedAt: number | null;
  /** Checks in a row that found no proof. */
  readonly failures: number;
  /** What the last check found. */
  readonly found: DnsFindings | null;
  /** The text of the TXT record that proves it. */
  readonly token: string;
  /** The route that serves it. */
  readonly route: ResourceName | null;
  readonly createdAt: number;
}

/** What is said of a name that is new to the store. */
export interface HostnameClaim {
  /** Postern made it up. */
  readonly generated?: boolean;
  /** It is served only once it is verified. */
  readonly needsProof?: boolean;
}

/** The outcome of a look at DNS. */
export interface HostnameCheck {
  readonly found: DnsFindings;
  /** What verifies it; null: nothing does; undefined: a server failed, so nobody knows. */
  readonly proof: HostnameProof | null | undefined;
  /** Null: never again by itself. */
  readonly nextCheckAt: number | null;
}

/** The names of an installation, and whether they are verified. Part of the Store. */
export interface HostnameStore {
  /**
   * Gives the project a name that outlives its routes. One that it has already is given back with `created` false.
   * Fails with `hostname_taken`, also where a generated one is there already.
   */
  addHostname(
    project: ResourceName,
    name: Hostname,
    claim: HostnameClaim,
    mode?: WriteMode,
  ): Promise<Written<HostnameRecord>>;
  /** Fails with `not_found`. */
  getHostname(project: ResourceName, name: Hostname): Promise<HostnameRecord>;
  /** By name; `after` is the last name of the page before. */
  listHostnames(
    project: ResourceName,
    query: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<HostnameRecord[]>;
  /** Gives the name up. Refused as `in_use` while a route serves it. */
  removeHostname(
    project: ResourceName,
    name: Hostname,
    mode?: WriteMode,
  ): Promise<{ readonly revision: Revision }>;
  /** Has DNS asked at once. Fails with `not_found`. */
  requestHostnameCheck(project: ResourceName, name: Hostname): Promise<HostnameRecord>;
  /** Those whose time has come, longest due first. */
  listDueHostnames(now: number, limit: number): Promise<HostnameRecord[]>;
  /** When the next one is due; null: none will be. */
  nextHostnameCheckAt(): Promise<number | null>;
  /**
   * Notes what a check has found. The first proof opens the host and has its certificate ordered; what is verified stays so, whatever
   * is found later. Nothing happens where the name has another owner by now, or is gone. A look that was asked for since stays due.
   */
  noteHostnameCheck(checked: HostnameRecord, outcome: HostnameCheck): Promise<void>;
  /** Serves names without a proof: those at or below a domain, or all; at most `limit` of them. Gives how many it was. */
  trustHostnames(below: Hostname | null, limit: number): Promise<number>;
}
