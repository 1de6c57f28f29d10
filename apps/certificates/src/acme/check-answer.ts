import type { Authorization, Order } from 'acme-client';
import { AcmeProblem } from './acme-problem.ts';

/** The order as it came; fails with AcmeProblem where that is none, for acme-client gives whatever a CA answered. */
export function checkOrder(order: Order): Order {
  const { identifiers, authorizations }: Unread = { ...order };
  const isOrder =
    areAll(identifiers, (one) => typeof one.value === 'string') &&
    areAll(authorizations, (url) => typeof url === 'string');
  if (isOrder) return order;
  throw answeredWith('what is no order');
}

/**
 * The authorization as it came. Fails with AcmeProblem where that is none, or not of `names`: a CA must not have an answer
 * put for edges, or written into DNS, for a name that nobody ordered.
 */
export function checkAuthorization(authorization: Authorization, names: readonly string[]): Authorization {
  const { identifier, challenges }: Unread = { ...authorization };
  const isOne =
    typeof (identifier as Unread | undefined)?.value === 'string' &&
    areAll(challenges, (one) => typeof one.type === 'string');
  if (!isOne) throw answeredWith('what is no authorization');
  const name = nameOfAuthorization(authorization);
  if (names.includes(name)) return authorization;
  throw answeredWith(`an authorization of ${JSON.stringify(name.slice(0, 253))}, which is not in the order`);
}

/** The name that an authorization is for, as its order has it. */
export function nameOfAuthorization({ wildcard, identifier }: Authorization): string {
  return `${wildcard === true ? '*.' : ''}${identifier.value}`;
}

/** A refusal to go on with an answer; `what` ends the sentence "the CA answered with". */
export function answeredWith(what: string, cause?: unknown): AcmeProblem {
  const detail = `the CA answered with ${what}`;
  return new AcmeProblem({ type: '', detail, status: 200, retryAt: null }, { cause });
}

type Unread = Readonly<Record<string, unknown>>;

function areAll(list: unknown, holds: (one: Unread) => boolean): boolean {
  return Array.isArray(list) && list.every((one: unknown) => one !== null && holds(one as Unread));
}
