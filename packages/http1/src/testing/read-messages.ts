import { BodyReader } from '../body-reader.ts';
import { type FieldPair, NEED_MORE } from '../field-section.ts';
import { Http1Error, type Http1Fault } from '../http1-error.ts';
import { RequestHead } from '../request-head.ts';
import { ResponseHead } from '../response-head.ts';

/** One message as a parser understood it. */
export interface SeenMessage {
  /** Of a request; empty in responses. */
  method: string;
  target: string;
  /** Of a response; 0 in requests. */
  status: number;
  /** Such as `1.1`. */
  version: string;
  fields: FieldPair[];
  body: string;
  trailers: FieldPair[];
  /** Its end has been seen. */
  whole: boolean;
}

/** All that a parser made of some bytes. */
export interface Reading {
  readonly messages: SeenMessage[];
  /** Where it stopped for a fault. */
  readonly fault: string | null;
  /** Where the message that came last, or was refused, begins. */
  readonly lastStart: number;
  /** It stopped because no message may follow. */
  readonly isOver: boolean;
}

/** What comes in: requests, or the answers to requests with one method. */
export type Direction =
  | { readonly kind: 'requests' }
  | { readonly kind: 'responses'; readonly method: string };

/** Reads a connection's bytes with this codec, as an edge does: until a fault, or until no message may follow. */
export function readMessages(bytes: Buffer, cuts: readonly number[], direction: Direction): Reading {
  const messages: SeenMessage[] = [];
  const body = new BodyReader();
  const head = direction.kind === 'requests' ? new RequestHead() : new ResponseHead();
  let message: SeenMessage | undefined;
  let fault: Http1Fault | null = null;
  let lastStart = 0;
  let isOver = false;
  let offset = 0;

  const endMessage = (place: number): void => {
    if (message === undefined) return;
    message.whole = true;
    message.trailers = body.trailers?.toPairs() ?? [];
    isOver =
      direction.kind === 'requests'
        ? !(head as RequestHead).keepsConnection || (head as RequestHead).wantsUpgrade
        : !mayFollow(head as ResponseHead, direction.method);
    message = undefined;
    head.clear();
    lastStart = place;
  };
  const take = (piece: Buffer): void => {
    let at = 0;
    while (at < piece.length && !isOver) {
      if (message === undefined) {
        const next = head.read(piece, at);
        if (next === NEED_MORE) return;
        at = next;
        message = messageOf(head);
        messages.push(message);
        if (head instanceof RequestHead) body.begin(head.bodyKind, head.contentLength);
        else if (direction.kind === 'responses')
          body.begin(head.bodyKind(direction.method), head.contentLength);
      }
      const current = message;
      at = body.read(piece, at, (data) => {
        current.body += data.toString('latin1');
      });
      if (body.isDone) endMessage(offset + at);
    }
  };
  try {
    for (const piece of piecesOf(bytes, cuts)) {
      if (isOver) break;
      take(piece);
      offset += piece.length;
    }
    if (direction.kind === 'responses' && !isOver && message !== undefined) {
      body.end();
      endMessage(bytes.length);
    }
  } catch (error) {
    if (!(error instanceof Http1Error)) throw error;
    ({ fault } = error);
  }
  return { messages, fault, lastStart, isOver };
}

function messageOf(head: RequestHead | ResponseHead): SeenMessage {
  const isRequest = head instanceof RequestHead;
  return {
    method: isRequest ? head.method : '',
    target: isRequest ? head.target : '',
    status: isRequest ? 0 : head.status,
    version: `1.${head.minor}`,
    fields: head.fields.toPairs(),
    body: '',
    trailers: [],
    whole: false,
  };
}

function mayFollow(head: ResponseHead, method: string): boolean {
  return head.isInterim || (head.status !== 101 && head.keepsConnection(method));
}

/** Own copies, since the readers own the pieces they are given. */
function piecesOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) =>
    Buffer.from(bytes.subarray(start, places[index] ?? bytes.length)),
  );
}
