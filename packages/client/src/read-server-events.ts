/** One server-sent event (WHATWG HTML section 9.2); comments are left out. */
export interface ServerEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: string;
}

/** Characters of one event; the largest resource of the API is a route of 256 KiB. */
const EVENT_CHARS_MAX = 4 * 1024 * 1024;

/** Reads the events of a body in order; `onBytes` is called for whatever arrives, comments too. */
export async function* readServerEvents(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    onBytes();
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const event = readEvent(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== undefined) yield event;
    }
    if (text.length > EVENT_CHARS_MAX) throw new SyntaxError('an event of the watch is too long');
  }
}

function readEvent(block: string): ServerEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const match = /^(event|id|data): ?(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const before = fields.get(match[1]);
    fields.set(match[1], before === undefined ? match[2] : `${before}\n${match[2]}`);
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  return { type: fields.get('event') ?? 'message', id: fields.get('id'), data };
}
