import { isDeepStrictEqual } from 'node:util';
import { isRecord } from './json-path.ts';
import { badRequest, StatusError } from './status-error.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw badRequest(`invalid JSON pointer "${pointer}"`);
  return pointer
    .slice(1)
    .split('/')
    .map((word) => word.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function cannot(operation: Operation, why: string): StatusError {
  const message = `the server rejected our request due to an error in our request: ${operation.op} ${operation.path}: ${why}`;
  return new StatusError(422, 'Invalid', message);
}

/** The object or list that holds the last part of a pointer. */
function holderOf(root: unknown, words: readonly string[], operation: Operation): unknown {
  let holder = root;
  for (const word of words.slice(0, -1)) {
    holder = Array.isArray(holder) ? holder[Number(word)] : isRecord(holder) ? holder[word] : undefined;
    if (holder === undefined) throw cannot(operation, 'no such path');
  }
  return holder;
}

function read(root: unknown, pointer: string, operation: Operation): unknown {
  const words = parsePointer(pointer);
  if (words.length === 0) return root;
  const holder = holderOf(root, words, operation);
  const last = words.at(-1) ?? '';
  const value = Array.isArray(holder) ? holder[Number(last)] : isRecord(holder) ? holder[last] : undefined;
  if (value === undefined) throw cannot(operation, 'no such value');
  return value;
}

function add(root: unknown, pointer: string, value: unknown, operation: Operation): unknown {
  const words = parsePointer(pointer);
  if (words.length === 0) return value;
  const holder = holderOf(root, words, operation);
  const last = words.at(-1) ?? '';
  if (Array.isArray(holder)) holder.splice(last === '-' ? holder.length : Number(last), 0, value);
  else if (isRecord(holder)) holder[last] = value;
  else throw cannot(operation, 'no such path');
  return root;
}

function remove(root: unknown, pointer: string, operation: Operation): void {
  read(root, pointer, operation);
  const words = parsePointer(pointer);
  const holder = holderOf(root, words, operation);
  const last = words.at(-1) ?? '';
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else if (isRecord(holder)) delete holder[last];
}

function applyOperation(root: unknown, operation: Operation): unknown {
  const { op, path, from = '', value } = operation;
  if (op === 'test') {
    if (!isDeepStrictEqual(read(root, path, operation), value)) throw cannot(operation, 'test failed');
    return root;
  }
  if (op === 'remove') {
    remove(root, path, operation);
    return root;
  }
  if (op === 'replace') {
    if (parsePointer(path).length > 0) remove(root, path, operation);
    return add(root, path, value, operation);
  }
  if (op === 'add') return add(root, path, value, operation);
  if (op !== 'copy' && op !== 'move') throw badRequest(`unknown operation "${op}"`);
  const moved = structuredClone(read(root, from, operation));
  if (op === 'move') remove(root, from, operation);
  return add(root, path, moved, operation);
}

/** JSON patch (RFC 6902); a failing `test` or a missing path is 422 and nothing is changed. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
  let result: unknown = structuredClone(target);
  for (const operation of patch as readonly Operation[]) result = applyOperation(result, operation);
  return result;
}
