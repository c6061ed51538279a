import { markerPrefix } from './wrap-command.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Takes the markers of a wrapped command out of its stdout. What comes before the first marker is held back (it is the
 * login shell's own noise) and given out only if no marker ever comes, which is when the host refused to run a command.
 */
export class MarkedOutput {
  group: number | null = null;
  exitCode: number | null = null;
  readonly #prefix: Buffer;
  readonly #expectsExit: boolean;
  #held: Buffer = NOTHING;

  constructor(token: string, options: { readonly tellExit: boolean }) {
    this.#prefix = Buffer.from(markerPrefix(token));
    this.#expectsExit = options.tellExit;
  }

  /** The command's own bytes in `chunk`, as far as they can be told yet. */
  push(chunk: Buffer): Buffer {
    if (this.group !== null && !this.#expectsExit) return chunk;
    const all = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = NOTHING;
    return this.#take(all);
  }

  /** What is left when the stream has ended. */
  flush(): Buffer {
    const rest = this.#held;
    this.#held = NOTHING;
    return rest;
  }

  #take(data: Buffer): Buffer {
    const start = data.indexOf(this.#prefix);
    if (start === -1) return this.#hold(data, this.group === null ? 0 : startOfPartial(data, this.#prefix));
    const end = data.indexOf(0x0a, start);
    if (end === -1) return this.#hold(data, this.group === null ? 0 : start);
    const word = data.toString('ascii', start + this.#prefix.length, end);
    const before = this.group === null ? NOTHING : data.subarray(0, start);
    if (word.startsWith('g')) this.group = Number(word.slice(1));
    else if (word.startsWith('x')) this.exitCode = Number(word.slice(1));
    const rest = data.subarray(end + 1);
    const after = this.#expectsExit ? this.#take(rest) : rest;
    return before.length === 0 ? after : Buffer.concat([before, after]);
  }

  #hold(data: Buffer, from: number): Buffer {
    this.#held = data.subarray(from);
    return data.subarray(0, from);
  }
}

/** Where a prefix that the next chunk may complete begins; the length of `data` when there is none. */
function startOfPartial(data: Buffer, prefix: Buffer): number {
  for (let length = Math.min(prefix.length - 1, data.length); length > 0; length -= 1) {
    if (data.subarray(data.length - length).equals(prefix.subarray(0, length))) return data.length - length;
  }
  return data.length;
}
