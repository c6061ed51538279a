interface Known<R> {
  result?: { readonly value: R };
  readonly further: WeakMap<object, Known<R>>;
}

/**
 * The same function, which gives for the very same objects (by identity) what it gave for them before, for as long as
 * somebody holds them. Only for pure functions of values that nobody changes.
 */
export function remember<A extends readonly object[], R>(make: (...args: A) => R): (...args: A) => R {
  const root: Known<R> = { further: new WeakMap() };
  return (...args) => {
    let known = root;
    for (const object of args) known = deeper(known, object);
    known.result ??= { value: make(...args) };
    return known.result.value;
  };
}

function deeper<R>({ further }: Known<R>, object: object): Known<R> {
  const known = further.get(object);
  if (known !== undefined) return known;
  const made: Known<R> = { further: new WeakMap() };
  further.set(object, made);
  return made;
}
