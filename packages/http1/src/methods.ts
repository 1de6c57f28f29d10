import { equalsBytes } from './character-classes.ts';

/** What Node knows of HTTP. Not imported: decision 0026. */
export const { METHODS, STATUS_CODES } = process.getBuiltinModule('node:http');

/** Methods by their first byte, the common ones first. */
const byFirstByte: { readonly text: string; readonly bytes: Buffer }[][] = Array.from(
  { length: 256 },
  () => [],
);
for (const text of new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', ...METHODS])) {
  const bytes = Buffer.from(text, 'latin1');
  byFirstByte[bytes[0] as number]?.push({ text, bytes });
}

/** Bytes of the longest method. */
export const METHOD_BYTES_MAX = Math.max(...METHODS.map((method) => method.length));

/** The method in these bytes; undefined where it is none of those that Node's parser knows. Methods are case-sensitive. */
export function findMethod(bytes: Buffer, start: number, end: number): string | undefined {
  for (const method of byFirstByte[bytes[start] as number] ?? []) {
    if (equalsBytes(bytes, start, end, method.bytes)) return method.text;
  }
  return undefined;
}
