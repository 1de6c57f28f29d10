import { createHash } from 'node:crypto';
import {
  PosternError,
  problemDocumentOf,
  REFUSAL_REASONS,
  type RefusalReason,
  renderProblem,
} from '@postern/contracts/plain';
import { type Field, type FieldList, listOf } from '../upstream/fields.ts';
import type { Exchange } from './exchange.ts';

/** Why a connection was refused, as its client is told. */
export interface ConnectionRefusal {
  readonly reason: RefusalReason;
  /** What decided, one line; it may hold names of the certificate. */
  readonly detail: string;
  /** Id of the entry in the refusal ledger; null where it had no room. */
  readonly refusal: string | null;
}

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}dt{font-weight:bold}dd{margin:0 0 .5rem;overflow-wrap:anywhere}';

/** Nothing is loaded, run, framed or sent anywhere; the one style sheet is allowed by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Answers any request of a refused connection: 403, as a page where the client prefers HTML, else as a problem (RFC 9457). Nothing of the
 * request but its method and Accept is looked at.
 */
export function answerRefusal(exchange: Exchange, connectionRefusal: ConnectionRefusal): void {
  const { reason, detail, refusal } = connectionRefusal;
  const problem = problemDocumentOf(
    new PosternError('client_certificate_refused', {
      reason,
      detail: `${REFUSAL_REASONS[reason]}: ${detail}`,
      ...(refusal === null ? {} : { refusal }),
    }),
    exchange.id,
  );
  const isPage = prefersHtml(exchange.fields);
  const body = Buffer.from(
    isPage ? renderPage(connectionRefusal, exchange.id, problem.title) : renderProblem(problem),
  );
  const fields: Field[] = [
    ['server', 'postern'],
    ['content-type', isPage ? 'text/html; charset=utf-8' : 'application/problem+json'],
    ['content-length', String(body.length)],
    ['cache-control', 'no-store'],
    ['vary', 'Accept'],
    ['content-security-policy', POLICY],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
  ];
  const hasBody = exchange.method !== 'HEAD';
  const writer = exchange.respond(problem.status, fields, { hasBody, close: true });
  if (hasBody) writer.write(body);
  exchange.end([]);
}

/** Whether HTML is named, and no less wanted than JSON; programs that take anything get the problem. */
function prefersHtml(fields: FieldList): boolean {
  const wanted = new Map<string, number>();
  for (const member of listOf(fields, 'accept').slice(0, 32)) {
    const [type = '', ...parameters] = member.split(';').map((part) => part.trim());
    const quality = parameters.find((part) => part.startsWith('q='))?.slice(2) ?? '1';
    wanted.set(type, /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(quality) ? Number(quality) : 0);
  }
  const html = Math.max(wanted.get('text/html') ?? 0, wanted.get('application/xhtml+xml') ?? 0);
  const json = Math.max(wanted.get('application/problem+json') ?? 0, wanted.get('application/json') ?? 0);
  return html > 0 && html >= json;
}

function renderPage(
  { reason, detail, refusal }: ConnectionRefusal,
  requestId: string,
  title: string,
): string {
  const rows = [
    ['Reason', `${reason}: ${REFUSAL_REASONS[reason]}`],
    ['Detail', detail],
    ...(refusal === null ? [] : [['Refusal', refusal]]),
    ['Request', requestId],
  ];
  const list = rows.map(([term = '', text = '']) => `<dt>${term}</dt><dd>${escapeHtml(text)}</dd>`).join('');
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>` +
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body><h1>${escapeHtml(title)}</h1>` +
    '<p>This host serves only clients whose certificate it trusts. Whoever runs it finds this refusal by its id.</p>' +
    `<dl>${list}</dl></body></html>\n`
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
