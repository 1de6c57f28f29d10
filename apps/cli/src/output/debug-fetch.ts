/** Members of a request or an answer whose values are never shown, wherever they stand. */
const SECRET_MEMBERS =
  /^(key|secretKey|privateKey|token|password|passwordHashes|data|cookie|authorization|literal)$/i;
const MASK = '***';

/** Characters of one body that are shown. */
const BODY_CHARS_MAX = 20_000;

/**
 * A fetch that tells of every request and every answer, line by line, with tokens and secret values masked. The answer
 * itself goes on untouched.
 */
export function debugFetch(
  tell: (line: string) => void,
  fetchReal: (request: Request) => Promise<Response> = fetch,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const startedAt = performance.now();
    tell(`> ${request.method} ${request.url}`);
    tellHeaders('>', request.headers, tell);
    tellBody('>', await request.clone().text(), tell);
    const response = await fetchReal(request);
    tell(`< ${response.status} ${response.statusText} (${Math.round(performance.now() - startedAt)} ms)`);
    tellHeaders('<', response.headers, tell);
    // A stream of events never ends: it is not waited for.
    if (!isStream(response)) tellBody('<', await response.clone().text(), tell);
    return response;
  };
}

/** A JSON text with the values of secret members masked; what is not JSON is not shown at all. */
export function maskBody(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text, (name, value) => (SECRET_MEMBERS.test(name) ? MASK : value)));
  } catch {
    return `(${text.length} characters that are not JSON)`;
  }
}

function tellHeaders(arrow: string, headers: Headers, tell: (line: string) => void): void {
  for (const [name, value] of headers) {
    const shown = name === 'authorization' ? value.replace(/\s.*$/s, ` ${MASK}`) : value;
    tell(`${arrow} ${name}: ${/cookie/i.test(name) ? MASK : shown}`);
  }
}

function tellBody(arrow: string, text: string, tell: (line: string) => void): void {
  if (text === '') return;
  const shown = maskBody(text);
  tell(`${arrow} ${shown.length > BODY_CHARS_MAX ? `${shown.slice(0, BODY_CHARS_MAX)}…` : shown}`);
}

function isStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true;
}
