/** What can be in a roster; in one at a time. */
export interface Member {
  /** Where it stands in its roster; -1: in none. */
  place: number;
}

/**
 * Members that come and go all the time, in no order. A list and no Set: a Set that each connection or request enters and leaves leaves its
 * outgrown tables behind, each of which keeps its members and the next table until the old heap is collected.
 */
export class Roster<M extends Member> {
  readonly #members: M[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: M): void {
    if (member.place < 0) member.place = this.#members.push(member) - 1;
  }

  delete(member: M): void {
    const { place } = member;
    if (place < 0) return;
    member.place = -1;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#members[place] = last;
    last.place = place;
  }

  /**
   * Any may leave meanwhile; who comes meanwhile is left out. From the end: whoever takes the place of one that leaves has been given already,
   * and may be given once more.
   */
  forEach(look: (member: M) => void): void {
    const members = this.#members;
    for (let place = members.length - 1; place >= 0; place -= 1) {
      const member = members[place];
      if (member !== undefined) look(member);
    }
  }

  /** The same, for who looks seldom: each step costs ten times as much. */
  *[Symbol.iterator](): Generator<M> {
    for (let place = this.#members.length - 1; place >= 0; place -= 1) {
      const member = this.#members[place];
      if (member !== undefined) yield member;
    }
  }
}
