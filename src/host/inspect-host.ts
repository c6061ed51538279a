import { randomUUID } from 'node:crypto';
import { TimeoutError } from '../domain/errors.ts';
import type { HostFacts } from '../domain/observed.ts';
import type { Host } from './host.ts';
import {
  explainLockFailure,
  type HeldLock,
  holdLock,
  LOCK_PATIENCE_SECONDS,
  type LockHolder,
  lockedMark,
  lockedScript,
  lockLabel,
} from './lock.ts';
import { parseProbe } from './probe/parse-probe.ts';
import { type ProbeOptions, probeScript } from './probe/probe-script.ts';

export interface InspectOptions extends ProbeOptions {
  /**
   * Also takes the host's lock, in the same command, and keeps it until `release` and the end of the connection. `holder` is
   * what others are shown: `alice@laptop (pid 4711), up`. null: only look. Who meets a lock of its own, by both, gets
   * ConnectError `same-machine`.
   */
  readonly lock: LockHolder | null;
  /** Ends the look, and the lock as well. */
  readonly signal?: AbortSignal;
  /** Two minutes unless said otherwise. */
  readonly timeoutMs?: number;
  /** After how many seconds without a sign of life from us the host lets go of the lock. */
  readonly lockPatienceSeconds?: number;
}

export interface InspectedHost extends HeldLock {
  readonly facts: HostFacts;
}

const PROBE_TIMEOUT_MS = 120_000;

/**
 * Everything about a host, with one command. Without a lock `release` does nothing and `lost` never aborts. Rejects with
 * LockedError (naming the holder) when somebody else works on the host, AuthError, TimeoutError, ConnectionLostError.
 */
export async function inspectHost(host: Host, options: InspectOptions): Promise<InspectedHost> {
  const mark = `@${randomUUID().replaceAll('-', '')}`;
  const { lock } = options;
  const answer = new Answer(`${lockedMark(mark)}\n`);
  let sentAtMs = Date.now();
  const process = await host.start(
    lock === null ? probeScript(mark, options) : lockedScript(probeScript(mark, options)),
    {
      args: [mark, String(options.lockPatienceSeconds ?? LOCK_PATIENCE_SECONDS)],
      what: 'The first look',
      label: lock === null ? 'looking' : lockLabel(lock),
      onStdout: (chunk) => answer.add(chunk),
      onSend: () => {
        sentAtMs = Date.now();
      },
      ...(options.signal !== undefined && { signal: options.signal }),
    },
  );
  if (lock === null) process.end();
  const ended = process.result.then(
    () => undefined,
    (error: unknown) => {
      throw explainLockFailure({ target: host.target, mark, output: answer.text, asker: lock }, error);
    },
  );
  // The lock's holder may end much later, when nobody waits here any more.
  ended.catch(() => undefined);
  await withinTime(
    host,
    options.timeoutMs ?? PROBE_TIMEOUT_MS,
    Promise.race([answer.complete, ended]),
    process.stop,
  );
  const held = lock === null ? NOT_HELD : holdLock(process);
  try {
    const { text, firstAtMs } = answer;
    const meta = {
      mark,
      hostKey: host.hostKey,
      answeredAtMs: firstAtMs,
      sentAtMs: Math.min(sentAtMs, firstAtMs),
    };
    answer.forget();
    return { ...held, facts: parseProbe(text, { ...meta, dataDir: options.dataDir }) };
  } catch (error) {
    held.release();
    throw error;
  }
}

const NOT_HELD: HeldLock = { release: () => undefined, lost: { aborted: false } };

/** Gathers the probe's output up to the end mark, which the lock's holder says before it waits. */
class Answer {
  readonly complete: Promise<void>;
  firstAtMs = Number.POSITIVE_INFINITY;
  readonly #end: string;
  readonly #chunks: Buffer[] = [];
  #tail = '';
  #completed: () => void = () => undefined;

  constructor(end: string) {
    this.#end = end;
    this.complete = new Promise((resolve) => {
      this.#completed = resolve;
    });
  }

  add(chunk: Buffer): void {
    this.firstAtMs = Math.min(this.firstAtMs, Date.now());
    this.#chunks.push(chunk);
    this.#tail = (this.#tail + chunk.subarray(-this.#end.length).toString('latin1')).slice(-this.#end.length);
    if (this.#tail === this.#end) this.#completed();
  }

  /** The lock lasts as long as the run, and what was gathered would with it. */
  forget(): void {
    this.#chunks.length = 0;
  }

  /** Without the end mark. */
  get text(): string {
    const all = Buffer.concat(this.#chunks).toString('utf8');
    return all.endsWith(this.#end) ? all.slice(0, -this.#end.length) : all;
  }
}

async function withinTime(
  host: Host,
  timeoutMs: number,
  answer: Promise<void>,
  giveUp: () => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      giveUp();
      reject(
        new TimeoutError({
          code: 'probe-timeout',
          message: `${host.target} did not say what it is within ${Math.round(timeoutMs / 1000)} s.`,
          hint: 'Log in there and see what hangs (a dead network file system, a full disk, a name server that does not answer), then run the same command again.',
          retryable: true,
        }),
      );
    }, timeoutMs);
  });
  try {
    await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
