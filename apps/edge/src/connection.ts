import type { TLSSocket } from 'node:tls';
import type { Evaluation, PresentedClient } from '@postern/admission';
import type { CompiledRule, HostDocument, Hostname, Verdict } from '@postern/contracts';
import type { SubjectNames } from '@postern/pki';

/** A client whose certificate OpenSSL and the host's trust bundle vouch for; its names may still be refused. */
export interface ClientIdentity {
  readonly leafDer: Buffer;
  /** What the handshake gave, to evaluate it anew when what the host demands has changed. */
  readonly presented: PresentedClient;
  /** Certificates above the leaf as they were sent, nearest first; OpenSSL may have reordered them. */
  readonly chainDer: readonly Buffer[];
  readonly names: SubjectNames;
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string;
  /** Milliseconds since 1970: earliest end of validity on the path. */
  readonly validUntil: number;
}

/** One host as a worker serves it; made from its document and kept in an LRU until a change of the host arrives. */
export interface ServedHost {
  readonly document: HostDocument;
  /** Of the document. */
  readonly revision: number;
  /** Names what decides at the TLS level: whether a certificate is demanded, and which anchors are trusted. */
  readonly policyVersion: string;
  /** True where rules name CAs of their own: what a client is worth then depends on the rule. */
  readonly hasRuleCas: boolean;
  /** Says what a connection of a client is worth under what the host and its rules demand now. Open hosts vouch for nobody: ask only for clients. */
  evaluate(client: PresentedClient): Evaluation;
  /**
   * Says all there is to say about a client under what holds for a rule, or where no rule applies (null), but for the rule's own matchers; null:
   * nothing is demanded there.
   */
  evaluateForRule(
    rule: Pick<CompiledRule, 'clientCertificate'> | null,
    client: PresentedClient,
  ): Evaluation | null;
  /** Says of a client that is admitted there whether the matchers of the rule do as well; `validUntil` is that of the admission. */
  judgeRule(
    rule: Pick<CompiledRule, 'prefix'>,
    client: { readonly names: SubjectNames; readonly validUntil: number },
  ): Verdict;
}

/** True where everybody is let in, and who would be refused is only recorded. Who would be refused has no identity there. */
export function isObserved({ document }: Pick<ServedHost, 'document'>): boolean {
  return document.clientCertificate?.observe === true;
}

/** True where a certificate is asked for, and only rules demand one. */
export function isRequested({ document }: Pick<ServedHost, 'document'>): boolean {
  return document.clientCertificate?.mode === 'request';
}

/** Finds hosts by the current documents; `undefined` is an unknown, closed or certificate-less host. */
export interface HostTable {
  /** Grows before an answer of `get` other than `undefined` may change: until then it need not be asked for again. */
  readonly changes: number;
  /** Exact name first, then the wildcard one label up. */
  get(name: Hostname): ServedHost | undefined;
}

/** What a rule that has let requests through demanded then, and until when (milliseconds since 1970) what it admitted by holds. */
export interface UsedRule {
  readonly demanded: boolean;
  readonly validUntil: number;
}

/** What is noted of a connection while it is used. On the connection: a table of all of them costs each one more than the notes. */
export class ConnectionUse {
  hasAsked = false;
  /** Called at the first request. */
  onFirstRequest: (() => void) | null = null;
  /** The rules that have let requests through, by their prefixes; null: none has. */
  rules: Map<string, UsedRule> | null = null;
  /** The one noted last, and until when; null: what is noted of it has changed since. */
  lastRule: CompiledRule | null = null;
  lastUntil = 0;
}

/** A connection after the handshake: everything is read once, and nothing of it comes from the client's HTTP. */
export interface Connection {
  readonly id: string;
  readonly socket: TLSSocket;
  readonly protocol: 'h2' | 'http/1.1';
  readonly sni: Hostname;
  /** As accepted or as the trusted PROXY header says; IPv4-mapped addresses written as IPv4. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly tlsVersion: string;
  readonly tlsCipher: string;
  /**
   * Null on hosts that ask for no certificate, and of an untrusted client, or one without a certificate, of an observed host or one that only
   * requests. Never null on a host that demands one.
   */
  readonly client: ClientIdentity | null;
  /** What the client showed in the handshake, trusted or not; null where it was not asked. */
  readonly presented: PresentedClient | null;
  readonly use: ConnectionUse;
}

/**
 * Speaks a protocol on an accepted connection until it closes. Returns how to end it: `drain` lets requests under
 * way finish (GOAWAY, Connection: close), then closes.
 */
export type ServeProtocol = (connection: Connection) => { drain(): void };
