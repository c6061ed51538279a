import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Chunk, findDamagedChunks, sizeOfChunks } from './damaged-chunks.ts';
import type { Host } from './host.ts';
import { CHUNK_BYTES, runReceive, type Upload } from './run-receive.ts';
import { hashOfStart } from './upload.ts';

/** Where a host is to take the bytes from that it lacks. */
export type ByteSource = {
  /** Once aborted the host stops taking from there, and the next source is asked for. */
  readonly leave: AbortSignal;
} & (
  | { readonly kind: 'operator' }
  /** By itself, from where the file is to be had besides. */
  | { readonly kind: 'url'; readonly request: string }
  | {
      readonly kind: 'node';
      readonly address: string;
      readonly port: number;
      /** Number and secret of a ticket for one connection. */
      readonly ticket: string;
      readonly token: string;
    }
);

/** How a source came to its end before the file was whole. */
export interface Cut {
  /** Bytes that are there now. */
  readonly bytes: number;
  /** False when there never was a connection to the node. */
  readonly met: boolean;
  /** What the host said of a URL; empty where it said nothing. */
  readonly why: string;
}

export interface Reception extends Upload {
  /** The host can take bytes; those it has can be passed on if they are `sure` to be the file's. */
  readonly onReady: (bytes: number, sure: boolean) => void;
  /** Asked for the first source, and for another each time that one came to its end; with how the last one ended. */
  readonly nextSource: (bytes: number, last: Cut | null) => Promise<ByteSource>;
  /** All has come, and these chunks of it are wrong; null: some of it is, and there is nothing here to compare with. */
  readonly onDamage?: (chunks: readonly Chunk[] | null) => void;
}

/** Bytes that a host is told to take at a time from us: what passes in about a second, within these limits. */
const LEAST_TAKE_BYTES = 1024 * 1024;
const MOST_TAKE_BYTES = 64 * 1024 * 1024;

/**
 * As `uploadFile`, but the bytes come from wherever `nextSource` says, and may change their source on the way; chunks that
 * came damaged are sent again from here. `pace` holds for what comes from here. `onProgress` hears what the host has, once
 * a second.
 */
export async function receiveFile(host: Host, reception: Reception): Promise<'sent' | 'present'> {
  const ear = new Ear();
  let failure: unknown = null;
  const talk = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* answer(reception, ear);
    } catch (error) {
      if (!(error instanceof ShortSource)) failure = error;
    }
  };
  const run = runReceive(host, reception, talk(), (chunk) => {
    for (const bytes of ear.hear(chunk)) reception.onProgress?.(bytes);
  });
  try {
    await run.finally(() => ear.close());
  } catch (error) {
    throw failure ?? error;
  }
  return ear.isPresent ? 'present' : 'sent';
}

async function* answer(reception: Reception, ear: Ear): AsyncGenerator<Buffer> {
  const { source, origin, onReady } = reception;
  const [, bytes, hash] = /^have (\d+) (\S+)$/.exec(await ear.line(/^(have|present)/)) ?? [];
  if (bytes === undefined) return;
  let there = Number(bytes);
  // Of a file that is not here only the hash at its end tells whether what is there belongs to it.
  const isSure = there === 0 || origin === undefined;
  if (isSure && there > 0 && (await hashOfStart(source, there)) !== hash) {
    const damaged = yield* askForDamage(reception, ear, there);
    // More than that is rather of another file, and the right one may come from elsewhere.
    if (damaged === null || 2 * sizeOfChunks(damaged) > there) there = 0;
    else yield* mend(reception, damaged);
  }
  yield Buffer.from(there > 0 ? 'keep-ask\n' : 'drop-ask\n');
  if ((await ear.line(/^ready$/)) === '') return;
  onReady(there, isSure);
  reception.onProgress?.(there);
  if ((yield* fill(reception, ear, there)) === 'damaged') yield* repair(reception, ear);
}

/** Has the host take what it lacks, from one source after the other; gives the last word of the host, nothing if it ended. */
async function* fill(reception: Reception, ear: Ear, start: number): AsyncGenerator<Buffer, string> {
  let there = start;
  let last: Cut | null = null;
  while (there < reception.sizeBytes && !ear.isClosed) {
    const from = await reception.nextSource(there, last);
    if (from.kind === 'operator') {
      there = yield* feed(reception, there, from.leave);
      last = { bytes: there, met: true, why: '' };
      continue;
    }
    ear.forget();
    yield Buffer.from(
      from.kind === 'url'
        ? `url ${from.request}\n`
        : `from ${from.address} ${from.port} ${from.ticket} ${from.token}\n`,
    );
    const end = ear.line(/^(cut \d+|damaged)$/);
    await Promise.race([end, aborted(from.leave)]);
    if (from.leave.aborted) yield Buffer.from('stop\n');
    const words = await end;
    if (!words.startsWith('cut ')) return words;
    there = Number(words.slice(4));
    last = { bytes: there, met: ear.hasMet, why: ear.why };
  }
  // It may see for itself that all is there; if not, it would wait for a word.
  yield Buffer.from('all\n');
  return ear.line(/^damaged$/);
}

/** Sends again what came damaged, as far as what lies here tells. */
async function* repair(reception: Reception, ear: Ear): AsyncGenerator<Buffer> {
  const { source, sizeBytes, origin, onDamage } = reception;
  const isHere = origin === undefined || (await stat(source).catch(() => null))?.size === sizeBytes;
  const damaged = isHere ? yield* askForDamage(reception, ear, sizeBytes) : null;
  onDamage?.(damaged);
  // What is mostly wrong is had from a URL just as well.
  const isLittle = damaged !== null && (origin === undefined || 2 * sizeOfChunks(damaged) <= sizeBytes);
  if (isLittle) yield* mend(reception, damaged);
  yield Buffer.from(isLittle ? 'keep\n' : 'drop\n');
}

async function* askForDamage(
  { source }: Reception,
  ear: Ear,
  bytes: number,
): AsyncGenerator<Buffer, readonly Chunk[] | null> {
  yield Buffer.from('sums\n');
  return findDamagedChunks(source, bytes, async () => (await ear.line(/^sum /)).slice(4));
}

async function* mend(reception: Reception, chunks: readonly Chunk[]): AsyncGenerator<Buffer> {
  for (const { start, end } of chunks) {
    yield Buffer.from(`mend ${start} ${end - start}\n`);
    yield* read(reception, start, end);
  }
}

/** Our own bytes from `start` on, until the end of the file or the word to leave; gives how many the host then has. */
async function* feed(
  reception: Reception,
  start: number,
  leave: AbortSignal,
): AsyncGenerator<Buffer, number> {
  const { sizeBytes } = reception;
  let there = start;
  let take = LEAST_TAKE_BYTES;
  while (there < sizeBytes && !leave.aborted) {
    const count = Math.min(take, sizeBytes - there);
    const began = performance.now();
    yield Buffer.from(`take ${count}\n`);
    yield* read(reception, there, there + count);
    there += count;
    take = nextTake(take, performance.now() - began);
  }
  return there;
}

async function* read({ source, pace }: Reception, start: number, end: number): AsyncGenerator<Buffer> {
  let at = start;
  for await (const piece of createReadStream(source, { start, end: end - 1, highWaterMark: CHUNK_BYTES })) {
    await pace?.((piece as Buffer).length);
    yield piece as Buffer;
    at += (piece as Buffer).length;
  }
  if (at < end) throw new ShortSource();
}

/** What lies here ends sooner than the plan says: the talk is over, and the host says that it lacks bytes. */
class ShortSource extends Error {}

function nextTake(take: number, milliseconds: number): number {
  if (milliseconds < 500) return Math.min(take * 2, MOST_TAKE_BYTES);
  return milliseconds > 2_000 ? Math.max(take / 2, LEAST_TAKE_BYTES) : take;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** What the host says, line by line. */
class Ear {
  isClosed = false;
  isPresent = false;
  hasMet = false;
  why = '';
  #rest = '';
  #wanted: { readonly pattern: RegExp; readonly take: (line: string) => void } | null = null;
  readonly #unheard: string[] = [];

  /** The next line of this kind; empty when the host has ended. One at a time. */
  line(pattern: RegExp): Promise<string> {
    const index = this.#unheard.findIndex((line) => pattern.test(line));
    if (index >= 0) return Promise.resolve(this.#unheard.splice(index, 1)[0] ?? '');
    if (this.isClosed) return Promise.resolve('');
    return new Promise((take) => {
      this.#wanted = { pattern, take };
    });
  }

  /** Gives the byte counts that were told in passing. */
  hear(chunk: Buffer): readonly number[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    const counts: number[] = [];
    for (const line of lines) {
      if (line.startsWith('at ')) counts.push(Number(line.slice(3)));
      else if (line === 'met') this.hasMet = true;
      else if (line.startsWith('why ')) this.why = line.slice(4);
      else this.#settle(line);
    }
    return counts;
  }

  /** A new source begins: what was said of the one before does not count. */
  forget(): void {
    this.hasMet = false;
    this.why = '';
    this.#unheard.length = 0;
  }

  close(): void {
    this.isClosed = true;
    this.#wanted?.take('');
    this.#wanted = null;
  }

  #settle(line: string): void {
    if (line === 'present') this.isPresent = true;
    const wanted = this.#wanted;
    if (wanted?.pattern.test(line)) {
      this.#wanted = null;
      wanted.take(line);
    } else this.#unheard.push(line);
  }
}
