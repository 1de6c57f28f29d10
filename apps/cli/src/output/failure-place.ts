const places = new WeakMap<object, string>();

/** Remembers where a failure happened: which API, which project. The first note stays. */
export function notePlace(failure: unknown, place: string): void {
  if (typeof failure === 'object' && failure !== null && !places.has(failure)) places.set(failure, place);
}

/** Where a failure, or what caused it, happened; undefined where nobody noted it. */
export function placeOf(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  return places.get(failure) ?? (failure instanceof Error ? placeOf(failure.cause) : undefined);
}
