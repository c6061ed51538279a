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
  let text = '[';
  for (let index = 0; index < items.length; index += 1)
    text += (index === 0 ? '' : ',') + canonicalJson(items[index]);
  return `${text}]`;
}

function canonicalObject(object: object): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`a ${object.constructor.name} is not plain data and cannot be written as JSON`);
  }
  const values = object as Readonly<Record<string, unknown>>;
  let text = '';
  for (const [key, label] of membersInOrder(Object.keys(object))) {
    const value = values[key];
    if (value !== undefined) text += label + canonicalJson(value);
  }
  // Each label begins with the comma before it.
  return `{${text.slice(1)}}`;
}

type Members = readonly (readonly [key: string, label: string])[];

/** A state holds thousands of objects of a few forms: the keys of each form are put in order once. */
const knownForms = new Map<string, Members>();
const MOST_KNOWN = 500;

function membersInOrder(keys: readonly string[]): Members {
  const form = JSON.stringify(keys);
  const known = knownForms.get(form);
  if (known !== undefined) return known;
  const members = [...keys].sort().map((key) => [key, `,${JSON.stringify(key)}:`] as const);
  if (knownForms.size < MOST_KNOWN) knownForms.set(form, members);
  return members;
}
