/**
 * One text for one value: object keys in code unit order, no white space (the form of RFC 8785). Two values have the
 * same text exactly when they are equal as JSON. Properties that are undefined count as absent; what JSON cannot hold
 * (functions, NaN, big integers, class instances) is a TypeError, since a checksum over it would mean nothing.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be written as JSON`);
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value);
    default:
      throw new TypeError(`a ${typeof value} cannot be written as JSON`);
  }
}

function canonicalArray(items: readonly unknown[]): string {
  return `[${Array.from(items, canonicalJson).join(',')}]`;
}

function canonicalObject(object: object): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`a ${object.constructor.name} is not plain data and cannot be written as JSON`);
  }
  const members = Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value)}`);
  return `{${members.join(',')}}`;
}
