/** A promise with its levers, whose rejection is never "unhandled": whoever waits for it hears of it. */
export function settleOnce<T>(): PromiseWithResolvers<T> {
  const levers = Promise.withResolvers<T>();
  levers.promise.catch(() => undefined);
  return levers;
}
