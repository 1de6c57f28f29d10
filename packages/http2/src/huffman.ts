/**
 * Bits of each symbol's code, 0 to 255 and EOS, in RFC 7541 appendix B. The code is canonical, so that lengths say all of it:
 * codes ascend by length, and by symbol within a length.
 */
const CODE_BITS: readonly number[] = [
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6],
  ...[6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8],
  ...[7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7],
  ...[7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23],
  ...[24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22],
  ...[23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25],
  ...[26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24],
  ...[20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27],
  ...[27, 27, 27, 26, 30],
];
const EOS = 256;
/** In place of a next state: no code goes on like this, or it is EOS, which must not be sent. */
const NOWHERE = 0xffff;
/** In the place of a symbol: the four bits end none. */
const NO_SYMBOL = -1;

/** By state and four bits: the state after them, and the symbol that they completed. No code is shorter, so there is at most one. */
const nextState: Uint16Array = new Uint16Array(256 * 16).fill(NOWHERE);
const symbols: Int16Array = new Int16Array(256 * 16).fill(NO_SYMBOL);
/** States in which a string may end: at a symbol's end, or within up to seven bits of EOS (RFC 7541 section 5.2). */
const isEnd = new Uint8Array(256);
buildTables();

/** Decodes `source` from `start` to `end` into `target` and gives the bytes written, or -1 where it is no such code or has no room. */
export function decodeHuffman(source: Buffer, start: number, end: number, target: Buffer): number {
  let state = 0;
  let written = 0;
  for (let at = start; at < end; at += 1) {
    const byte = source[at] ?? 0;
    for (let half = 4; half >= 0; half -= 4) {
      const index = state * 16 + ((byte >> half) & 15);
      state = nextState[index] ?? NOWHERE;
      if (state === NOWHERE) return -1;
      const symbol = symbols[index] ?? NO_SYMBOL;
      if (symbol !== NO_SYMBOL) {
        if (written === target.length) return -1;
        target[written] = symbol;
        written += 1;
      }
    }
  }
  return isEnd[state] === 1 ? written : -1;
}

/** A tree of codes: inner nodes are numbered as they are made, leaves are ~symbol. */
function buildTables(): void {
  const tree: [number, number][] = [[0, 0]];
  const order = CODE_BITS.map((bits, symbol) => ({ bits, symbol })).sort(
    (a, b) => a.bits - b.bits || a.symbol - b.symbol,
  );
  let code = 0;
  let length = 0;
  for (const { bits, symbol } of order) {
    code = code * 2 ** (bits - length);
    length = bits;
    insert(tree, code, bits, symbol);
    code += 1;
  }
  let onlyOnes = 0;
  for (let depth = 0; depth < 8; depth += 1) {
    isEnd[onlyOnes] = 1;
    onlyOnes = tree[onlyOnes]?.[1] ?? 0;
  }
  for (let state = 0; state < tree.length; state += 1) {
    for (let bits = 0; bits < 16; bits += 1) walk(tree, state, bits);
  }
}

function insert(tree: [number, number][], code: number, bits: number, symbol: number): void {
  let node = 0;
  for (let left = bits - 1; left >= 0; left -= 1) {
    const bit = Math.floor(code / 2 ** left) % 2 === 1 ? 1 : 0;
    const pair = tree[node] ?? [0, 0];
    if (left === 0) pair[bit] = ~symbol;
    else if (pair[bit] === 0) {
      pair[bit] = tree.length;
      tree.push([0, 0]);
    }
    node = pair[bit];
  }
}

function walk(tree: [number, number][], state: number, bits: number): void {
  let node = state;
  let symbol = NO_SYMBOL;
  for (let left = 3; left >= 0; left -= 1) {
    node = tree[node]?.[(bits >> left) & 1] ?? 0;
    if (node < 0) {
      symbol = ~node;
      if (symbol === EOS) return;
      node = 0;
    }
  }
  nextState[state * 16 + bits] = node;
  symbols[state * 16 + bits] = symbol;
}
