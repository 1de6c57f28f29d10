/** Who uses what: finds the users of a thing without a look at all others. */
export class UsersIndex<User> {
  readonly #users = new Map<string, Set<User>>();

  add(user: User, parts: readonly string[]): void {
    for (const part of parts) {
      const users = this.#users.get(part) ?? new Set();
      this.#users.set(part, users);
      users.add(user);
    }
  }

  /** `parts` as they were given to `add`. */
  remove(user: User, parts: readonly string[]): void {
    for (const part of parts) {
      const users = this.#users.get(part);
      users?.delete(user);
      if (users?.size === 0) this.#users.delete(part);
    }
  }

  /** Each once, whatever of the parts it uses. */
  of(parts: Iterable<string>): Set<User> {
    const found = new Set<User>();
    for (const part of parts) for (const user of this.#users.get(part) ?? []) found.add(user);
    return found;
  }
}
