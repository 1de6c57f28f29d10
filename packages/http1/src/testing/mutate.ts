/** Bytes and lines that parsers have tripped over. */
const PIECES: readonly string[] = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\0',
    ' ',
    '\t',
    ':',
    ';',
    ',',
    '"',
    '\\',
    '=',
    '0',
    '1',
    'f',
    '\x0b',
    '\x7f',
    '\x80',
    '\xff',
    '/',
    '*',
    '#',
    '%',
  ],
  ...[
    '\r\n\r\n',
    '\n\n',
    '\r\n ',
    ' \r\n',
    '0\r\n\r\n',
    '5\r\n',
    'chunked',
    ', chunked',
    'HTTP/1.0',
    'HTTP/1.1',
    'close',
    'Host: b\r\n',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n',
    'Content-Length: 3\r\n',
    'Connection: close\r\n',
    'Connection: upgrade\r\nUpgrade: x\r\n',
  ],
  ...[
    'GET /next HTTP/1.1\r\nHost: b\r\n\r\n',
    'Transfer-Encoding : chunked\r\n',
    'Content-Length: 03\r\n',
    'Expect: 100-continue\r\n',
    'X: 1\r\n',
  ],
];

/** A small, fast, seeded source of numbers (xorshift32): the same seed gives the same mutations. */
export function createDice(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e3779b9) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Changes a text in one to four places: bytes, lines, copies, cuts, parts of `other`. Texts are Latin-1. */
export function mutate(text: string, other: string, dice: (below: number) => number): string {
  let mutated = text;
  for (let left = 1 + dice(4); left > 0; left -= 1) mutated = mutateOnce(mutated, other, dice);
  return mutated;
}

function mutateOnce(text: string, other: string, dice: (below: number) => number): string {
  const at = dice(text.length + 1);
  const until = Math.min(text.length, at + 1 + dice(12));
  switch (dice(9)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(dice(256)) + text.slice(at + 1);
    case 1:
    case 2:
      return text.slice(0, at) + (PIECES[dice(PIECES.length)] ?? '') + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(until);
    case 4:
      return text.slice(0, until) + text.slice(at);
    case 5: {
      // A whole line again, elsewhere.
      const lines = text.split('\r\n');
      lines.splice(dice(lines.length), 0, lines[dice(lines.length)] ?? '');
      return lines.join('\r\n');
    }
    case 6: {
      const lines = text.split('\r\n');
      const [line = ''] = lines.splice(dice(lines.length), 1);
      lines.splice(dice(lines.length + 1), 0, line);
      return lines.join('\r\n');
    }
    case 7:
      return text.slice(0, at) + swapCase(text.slice(at, until)) + text.slice(until);
    default: {
      const start = dice(other.length);
      return text.slice(0, at) + other.slice(start, start + 1 + dice(40)) + text.slice(at);
    }
  }
}

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}
