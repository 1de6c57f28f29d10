/** A type of the document whose optional keys may also be given as undefined (they are left out of the JSON). */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? {
        readonly [Key in keyof T]: Record<never, never> extends Pick<T, Key>
          ? Loose<T[Key]> | undefined
          : Loose<T[Key]>;
      }
    : T;
