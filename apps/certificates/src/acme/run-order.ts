import { setTimeout as sleep } from 'node:timers/promises';
import type { CertificateDocument } from '@postern/contracts';
import { openCertificateKey, parseTlsSecret, sealWithMasterKey } from '@postern/pki';
import type { CertificateOrderPatch, CertificateOrderRecord } from '@postern/store';
import type { Order } from 'acme-client';
import { IssueFailure } from '../issue-failure.ts';
import type { AcmeCa } from './acme-ca.ts';
import { loadAcme } from './acme-calls.ts';
import { AcmeProblem, readProblem } from './acme-problem.ts';
import { type AuthorizeOptions, abandon, authorize } from './authorize.ts';
import { checkOrder } from './check-answer.ts';
import { poll } from './poll.ts';

export interface OrderRun extends Omit<AuthorizeOptions, 'isResumed'> {
  readonly ca: AcmeCa;
  readonly record: CertificateOrderRecord;
  /** What ARI calls the certificate that this one replaces; null: none, or the CA is not to be told. */
  readonly replaces: string | null;
  /** Null: the CA's own choice. */
  readonly profile: string | null;
  /** Common name of the root, or an intermediate, of the chain that is wanted; null: what the CA gives first. */
  readonly preferredChain: string | null;
  readonly masterKey: Buffer;
  /** Writes how far the order is; whatever happens after it resolved, the next process goes on from there. */
  readonly save: (patch: CertificateOrderPatch) => Promise<void>;
  /** Told once the CA has taken a new order. */
  readonly onOrdered: () => Promise<void>;
}

interface Begun {
  readonly order: Order;
  readonly sealedKey: string;
  readonly isResumed: boolean;
}

/**
 * Gets one certificate from one CA (RFC 8555 section 7.4): goes on with the order that the record names, or begins one.
 *
 * The order's address and the sealed key are stored before the CA is told anything more: a process that dies costs one
 * order at most, when it dies between the CA's answer and that write. Fails with IssueFailure, AcmeProblem or AcmeUnreachable.
 */
export async function runOrder(run: OrderRun): Promise<CertificateDocument> {
  const begun = (await resume(run)) ?? (await begin(run));
  const { sealedKey, isResumed } = begun;
  const { order } = begun;
  if (order.status === 'pending' || isResumed) {
    const settled = await Promise.allSettled(
      order.authorizations.map((url) => authorize(url, { ...run, isResumed })),
    );
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
  }
  const ready = await pollOrder(run, order, ({ status }) => status !== 'pending');
  if (ready.status === 'ready') await finalize(run, ready, sealedKey);
  const valid = await pollOrder(run, order, ({ status }) => status === 'valid');
  return await download(run, valid, sealedKey);
}

/** The order of the record, where the CA still knows it, it is for these names, and it can still become a certificate. */
async function resume(run: OrderRun): Promise<Begun | null> {
  const { ca, record, names } = run;
  const { orderUrl, sealedKey, issuer } = record;
  if (orderUrl === null || sealedKey === null || issuer !== ca.url) return null;
  try {
    const order = checkOrder((await ca.call((client) => client.getOrder(at(orderUrl)))).value);
    const ordered = order.identifiers.map(({ value }) => value).sort();
    const isUsable = order.status !== 'invalid' && ordered.join() === [...names].sort().join();
    if (isUsable) return { order, sealedKey, isResumed: true };
    for (const url of order.authorizations)
      await abandon(url, { ...run, names: record.names, isResumed: true });
    return null;
  } catch (error) {
    // A CA that is not there now, or too busy, still has the order.
    if (error instanceof AcmeProblem && error.status < 500 && error.status !== 429) return null;
    throw error;
  }
}

async function begin(run: OrderRun): Promise<Begun> {
  const { ca, names, masterKey, save } = run;
  const { crypto } = await loadAcme();
  const key = await crypto.createPrivateEcdsaKey('P-256');
  const sealedKey = sealWithMasterKey(masterKey, key, `certificate-key:acme:${names.join(',')}`);
  const order = checkOrder(await create(run));
  await save({ state: 'ordering', issuer: ca.url, orderUrl: order.url, sealedKey });
  await run.onOrdered();
  return { order, sealedKey, isResumed: false };
}

async function create(run: OrderRun): Promise<Order> {
  const { ca, names, profile, replaces } = run;
  const base = {
    identifiers: names.map((value) => ({ type: 'dns', value: value as string })),
    ...(profile === null ? {} : { profile }),
  };
  if (replaces !== null) {
    try {
      return (await ca.call((client) => client.createOrder({ ...base, replaces } as typeof base))).value;
    } catch (error) {
      // Replaced already, or not known there any more: the order is worth as much without (RFC 9773 section 5).
      const isAboutIt =
        error instanceof AcmeProblem &&
        (error.type === 'alreadyReplaced' || error.status === 409 || error.status === 404);
      if (!isAboutIt) throw error;
    }
  }
  return (await ca.call((client) => client.createOrder(base))).value;
}

async function finalize(run: OrderRun, order: Order, sealedKey: string): Promise<void> {
  const { ca, names, masterKey, now, signal } = run;
  const { crypto } = await loadAcme();
  const key = openCertificateKey(masterKey, sealedKey);
  const [, csr] = await crypto.createCsr({ altNames: [...names] }, key);
  try {
    const { retryAt } = await ca.call((client) => client.finalizeOrder(order, csr));
    if (retryAt !== null) await sleep(Math.min(Math.max(retryAt - now(), 0), 10_000), undefined, { signal });
  } catch (error) {
    // Somebody else finalised it meanwhile: with the same key, as that stands in the record.
    if (!(error instanceof AcmeProblem && error.type === 'orderNotReady')) throw error;
  }
}

async function pollOrder(run: OrderRun, order: Order, isDone: (order: Order) => boolean): Promise<Order> {
  const { ca, now, signal, names } = run;
  const found = await poll(
    () => ca.call((client) => client.getOrder(at(order.url))),
    (value) => value.status === 'invalid' || isDone(value),
    { what: `the order for ${names.join(', ')} at ${ca.host}`, now, signal },
  );
  if (found.status !== 'invalid') return found;
  const { type, detail } = readProblem(found.error);
  throw new AcmeProblem({ type, detail: detail || 'the order is invalid', status: 400, retryAt: null });
}

async function download(run: OrderRun, order: Order, sealedKey: string): Promise<CertificateDocument> {
  const { ca, masterKey, now, names, preferredChain } = run;
  const { value: cert } = await ca.call((client) =>
    client.getCertificate(order, preferredChain ?? undefined),
  );
  const key = openCertificateKey(masterKey, sealedKey).toString();
  const read = parseTlsSecret({ cert, key }, now());
  if (!read.ok) {
    const said = read.findings.map(({ message }) => message).join('; ');
    throw new IssueFailure('ca_refused', `the certificate of ${ca.host} cannot be used: ${said}`);
  }
  const missing = names.filter((name) => !read.secret.facts.names.includes(name));
  if (missing.length > 0)
    throw new IssueFailure('ca_refused', `the certificate of ${ca.host} lacks ${missing.join(', ')}`);
  return { ...read.secret.facts, sealedKey };
}

/** An order of which acme-client reads the address alone. */
function at(url: string): Order {
  return { url, status: 'pending', identifiers: [], authorizations: [], finalize: '' };
}
