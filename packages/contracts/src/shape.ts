// No schema is here: see plain/index.ts.

/** Tells whether a JSON value has a form: null where it has, else the JSON pointer of the first place where it has not. */
export type Shape = (value: unknown, at: string) => string | null;

type Shapes = Readonly<Record<string, Shape>>;

/** Values that a predicate accepts. */
export function valueThat(accepts: (value: unknown) => boolean): Shape {
  return (value, at) => (accepts(value) ? null : at);
}

/** Text of at most `charsMax` characters that a pattern accepts; without either any text. */
export function textOf({ pattern = /^/, charsMax = Number.POSITIVE_INFINITY } = {}): Shape {
  return valueThat((value) => typeof value === 'string' && value.length <= charsMax && pattern.test(value));
}

/** Whole numbers that a double holds exactly. */
export function integer(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): Shape {
  return valueThat((value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max);
}

export function oneOf(...words: readonly unknown[]): Shape {
  return valueThat((value) => words.includes(value));
}

export function orNull(shape: Shape): Shape {
  return (value, at) => (value === null ? null : shape(value, at));
}

export function listOf(shape: Shape, lengthMin = 0, lengthMax = Number.POSITIVE_INFINITY): Shape {
  return (value, at) => {
    if (!Array.isArray(value) || value.length < lengthMin || value.length > lengthMax) return at;
    for (const [index, item] of value.entries()) {
      const wrong = shape(item, `${at}/${index}`);
      if (wrong !== null) return wrong;
    }
    return null;
  };
}

/** Objects with all keys of `required`, and no others but those of `optional`. */
export function objectOf(required: Shapes, optional: Shapes = {}): Shape {
  const count = Object.keys(required).length;
  return (value, at) => {
    if (!isObject(value)) return at;
    let found = 0;
    for (const key of Object.keys(value)) {
      const isRequired = Object.hasOwn(required, key);
      const shape = isRequired ? required[key] : Object.hasOwn(optional, key) ? optional[key] : undefined;
      if (shape === undefined) return `${at}/${key}`;
      const wrong = shape(value[key], `${at}/${key}`);
      if (wrong !== null) return wrong;
      if (isRequired) found += 1;
    }
    return found === count ? null : at;
  };
}

/** Objects with any keys that `key` accepts, but for `__proto__`, which schemas leave out. */
export function recordOf(key: Shape, shape: Shape): Shape {
  return (value, at) => {
    if (!isObject(value)) return at;
    for (const [name, item] of Object.entries(value)) {
      if (name === '__proto__') return `${at}/${name}`;
      const wrong = key(name, `${at}/${name}`) ?? shape(item, `${at}/${name}`);
      if (wrong !== null) return wrong;
    }
    return null;
  };
}

/** Objects whose form depends on the word at one of their keys. */
export function variantsOf(key: string, shapes: Shapes): Shape {
  return (value, at) => {
    const word = isObject(value) ? value[key] : undefined;
    const shape = typeof word === 'string' && Object.hasOwn(shapes, word) ? shapes[word] : undefined;
    return shape === undefined ? at : shape(value, at);
  };
}

/** What has the form, and is accepted by a predicate as well. */
export function shapeThat(
  shape: Shape,
  accepts: (value: Readonly<Record<string, unknown>>) => boolean,
): Shape {
  return (value, at) => shape(value, at) ?? (isObject(value) && accepts(value) ? null : at);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
