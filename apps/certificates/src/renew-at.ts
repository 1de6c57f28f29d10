/** Part of its life by which a renewal may come earlier, at random, so that many do not come due together. */
const JITTER = 1 / 30;

/** When a certificate is renewed by the clock: one third of its life before its end, or up to a thirtieth of it earlier. */
export function renewAtOf(
  { notBefore, notAfter }: { readonly notBefore: string; readonly notAfter: string },
  random: () => number,
): number {
  const end = Date.parse(notAfter);
  const lifeMs = end - Date.parse(notBefore);
  return Math.floor(end - lifeMs / 3 - random() * lifeMs * JITTER);
}
