import type { DnsProvider, TxtRecord } from './dns-solver.ts';

/** Milliseconds that the webhook has for an answer. */
const ANSWER_MS_MAX = 30_000;

export interface WebhookOptions {
  readonly url: string;
  /** Sent as `Authorization: Bearer`; null: none. */
  readonly token: string | null;
  readonly ttlSeconds: number;
}

/**
 * A webhook of the operator: `POST {action: "add"|"remove", type: "TXT", name, value, ttl}` as JSON. Any 2xx says that
 * the record is made or gone. Redirects are not followed. docs/acme.md has the whole contract.
 */
export function createWebhookProvider({ url, token, ttlSeconds }: WebhookOptions): DnsProvider {
  const call = async (action: 'add' | 'remove', { name, value }: TxtRecord): Promise<void> => {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ action, type: 'TXT', name, value, ttl: ttlSeconds }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  };
  return {
    name: `webhook (${new URL(url).host})`,
    add: (record) => call('add', record),
    remove: (record) => call('remove', record),
  };
}
