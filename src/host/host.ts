import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { CancelledError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { CommandRequest, CommandResult, RemoteProcess, Transport } from '../transport/transport.ts';
import type { Attempt } from './attempt.ts';
import { commandFailure } from './command-failure.ts';
import { CommandLimits } from './command-limits.ts';
import { explainRefusal, type Refusal, silentSudo } from './explain-refusal.ts';
import { type Elevation, type LoadedScript, loadScript } from './loader.ts';
import { StderrGate } from './stderr-gate.ts';
import { STOP_GROUP } from './stop-group.ts';
import { tookTooLong } from './took-too-long.ts';

export interface HostContext {
  /** Asked when sudo wants a password, once per host; null = nobody there to answer. */
  readonly askSudoPassword: (target: string) => Promise<Secret | null>;
}

export interface RunOptions {
  /** The script's $1, $2, …; they may hold anything but secrets. */
  readonly args?: readonly string[];
  /** Secrets go in here and nowhere else. */
  readonly stdin?: string | Buffer | Readable;
  readonly signal?: AbortSignal;
  /** Counted from the moment the script runs, not while somebody types a password. */
  readonly timeoutMs?: number;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
  /** Called when the script goes out; once more where it has to be sent again. */
  readonly onSend?: () => void;
  /** For messages, as the beginning of a sentence: `Writing /etc/rancher/rke2/config.yaml`. */
  readonly what?: string;
  /** What `ps` and sudo's log on the host show; `what` unless given. */
  readonly label?: string;
}

/** One machine, as root. Scripts are POSIX sh. */
export interface Host {
  /** For messages: `ops@10.0.0.1:22`. */
  readonly target: string;
  readonly hostKey: string | null;
  /**
   * Runs a script to its end. Rejects with RemoteCommandError on another exit code than 0 (unless `allowFailure`),
   * AuthError when the host does not let us become root, TimeoutError, CancelledError, ConnectionLostError.
   */
  run(script: string, options?: RunOptions & { readonly allowFailure?: boolean }): Promise<CommandResult>;
  /** Starts a script that goes on while we talk to it; resolves once it runs. `result` rejects as `run` does. */
  start(script: string, options?: Omit<RunOptions, 'stdin'>): Promise<HostProcess>;
}

/** A script that goes on while we talk to it. */
export interface HostProcess extends RemoteProcess {
  /** Ends it as the signal does. */
  readonly stop: () => void;
}

/** A host over an open transport. Learns with the first command, in the same round trip, how to become root there. */
export function createHost(transport: Transport, context: HostContext): Host {
  return new TransportHost(transport, context);
}

class TransportHost implements Host {
  readonly #transport: Transport;
  readonly #context: HostContext;
  #elevation: Elevation | null = null;
  #learning: Promise<void> | null = null;
  #password: Promise<Secret | null> | null = null;
  /** Once sudo refused, it is not tried again: three wrong tries lock an account on many hosts. */
  #refusal: Error | null = null;

  constructor(transport: Transport, context: HostContext) {
    this.#transport = transport;
    this.#context = context;
  }

  get target(): string {
    return this.#transport.target;
  }

  get hostKey(): string | null {
    return this.#transport.hostKey;
  }

  async run(
    script: string,
    options: RunOptions & { readonly allowFailure?: boolean } = {},
  ): Promise<CommandResult> {
    const attempt = await this.#prepare(script, options);
    const direct = !attempt.talks && !(options.stdin instanceof Readable);
    const stdin = direct
      ? Buffer.concat([attempt.loaded.input, Buffer.from((options.stdin ?? '') as string | Buffer)])
      : Readable.from(this.#stdin(attempt, options.stdin), { objectMode: false });
    return this.#guard(attempt, options, (request) =>
      this.#transport.run({ ...request, command: attempt.loaded.line, stdin }),
    );
  }

  async start(script: string, options: Omit<RunOptions, 'stdin'> = {}): Promise<HostProcess> {
    const attempt = await this.#prepare(script, options);
    let started: (process: RemoteProcess) => void = () => undefined;
    const process = new Promise<RemoteProcess>((resolve) => {
      started = resolve;
    });
    const result = this.#guard(attempt, options, async (request) => {
      const remote = await this.#transport.start({ ...request, command: attempt.loaded.line });
      started(remote);
      return remote.result;
    });
    // Whoever holds `result` sees its rejection; until then it must not count as unhandled.
    result.catch(() => undefined);
    const remote = await Promise.race([process, result.then(() => process)]);
    for await (const chunk of this.#opening(attempt)) {
      // When the far side is gone, `result` knows why.
      await Promise.race([remote.write(chunk).catch(() => result), result]);
    }
    attempt.loaded = NOTHING;
    if (attempt.talks && !attempt.gate.isOpen) {
      remote.end();
      await result;
    }
    return {
      write: (data) => remote.write(data),
      end: (how) => remote.end(how),
      stop: () => attempt.stop(),
      result,
    };
  }

  async #prepare(
    script: string,
    options: RunOptions & { readonly allowFailure?: boolean },
  ): Promise<Attempt> {
    while (this.#elevation === null && this.#learning !== null) await this.#learning;
    if (this.#refusal !== null) throw this.#refusal;
    if (options.signal?.aborted) throw new CancelledError();
    const mark = `rke2ctl-${randomUUID().replaceAll('-', '')}`;
    const what = options.what ?? 'A command';
    let learned: (() => void) | null = null;
    if (this.#elevation === null) {
      this.#learning = new Promise((resolve) => {
        learned = resolve;
      });
    }
    return {
      gate: new StderrGate(mark, options.onStderr),
      loaded: loadScript(
        mark,
        this.#elevation,
        script,
        options.args ?? [],
        `rke2ctl: ${options.label ?? what}`,
      ),
      talks: this.#elevation === null || this.#elevation === 'sudo-password',
      learned,
      onSend: options.onSend ?? (() => undefined),
      what,
      passwordGiven: false,
      passwordMissing: false,
      failure: null,
      stop: () => undefined,
    };
  }

  /** All of stdin, each part as soon as the far side is ready for it. */
  async *#stdin(attempt: Attempt, payload: RunOptions['stdin']): AsyncGenerator<Buffer> {
    yield* this.#opening(attempt);
    if (attempt.talks && !attempt.gate.isOpen) return;
    if (payload instanceof Readable) yield* payload as AsyncIterable<Buffer>;
    else if (payload !== undefined && payload.length > 0) yield Buffer.from(payload as string);
  }

  /**
   * The script, the password if sudo asks for it, once only (a second prompt means that it was wrong), then the script
   * again. Where it is not known how to become root the first one saves a round trip: most hosts ask for no password.
   */
  async *#opening(attempt: Attempt): AsyncGenerator<Buffer> {
    const isEarly = attempt.learned !== null;
    if (isEarly) yield sent(attempt);
    while (attempt.talks && !attempt.gate.isOpen) {
      const event = await attempt.gate.next(SUDO_PATIENCE_MS);
      if (event === 'over' || (event === 'prompt' && attempt.passwordGiven)) return;
      if (event === 'silence') {
        attempt.failure = silentSudo(this.target, attempt.gate.wordsBefore);
        return;
      }
      if (event !== 'prompt') continue;
      const password = await this.#askPassword(attempt);
      if (password === null) return;
      attempt.passwordGiven = true;
      yield Buffer.from(`${password.reveal()}\n`);
    }
    if (!isEarly || attempt.gate.elevation === 'sudo-password') yield sent(attempt);
  }

  async #askPassword(attempt: Attempt): Promise<Secret | null> {
    try {
      this.#password ??= this.#context.askSudoPassword(this.target);
      const password = await this.#password;
      attempt.passwordMissing = password === null;
      return password;
    } catch (error) {
      attempt.failure = error;
      return null;
    }
  }

  /** Runs what `launch` launches, with the time limit and the cancellation that also reach what sudo has started. */
  async #guard(
    attempt: Attempt,
    options: RunOptions & { readonly allowFailure?: boolean },
    launch: (request: Omit<CommandRequest, 'command'>) => Promise<CommandResult>,
  ): Promise<CommandResult> {
    const limits = new CommandLimits(
      options,
      () => this.#stop(attempt),
      () => tookTooLong(this.target, attempt.what, options.timeoutMs ?? 0),
    );
    attempt.stop = limits.cancel;
    if (!attempt.talks) limits.start();
    try {
      const result = await launch({
        what: attempt.what,
        signal: limits.signal,
        ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
        onStderr: (chunk) => {
          attempt.gate.feed(chunk);
          if (!attempt.gate.isOpen) return;
          this.#learn(attempt);
          limits.start();
        },
      });
      if (limits.reason !== null && result.exitCode !== 0) throw limits.reason;
      return this.#judge(attempt, result, options.allowFailure ?? false);
    } catch (error) {
      throw limits.reason ?? attempt.failure ?? error;
    } finally {
      limits.close();
      attempt.gate.close();
      this.#finishLearning(attempt);
    }
  }

  #judge(attempt: Attempt, result: CommandResult, allowFailure: boolean): CommandResult {
    const { gate } = attempt;
    if (!gate.isOpen) {
      const refusal: Refusal = {
        target: this.target,
        elevation: gate.elevation ?? this.#elevation,
        words: gate.wordsBefore,
        passwordGiven: attempt.passwordGiven,
        passwordMissing: attempt.passwordMissing,
        exitCode: result.exitCode,
      };
      this.#refusal = (attempt.failure as Error | null) ?? explainRefusal(refusal);
      throw this.#refusal;
    }
    if (result.exitCode !== 0 && !allowFailure) {
      throw commandFailure(this.target, attempt.what, result.exitCode, gate.stderr);
    }
    return { exitCode: result.exitCode, stdout: result.stdout, stderr: gate.stderr };
  }

  #learn(attempt: Attempt): void {
    if (this.#elevation !== null) return;
    const { elevation } = attempt.gate;
    this.#elevation = elevation === 'none' ? null : elevation;
    this.#finishLearning(attempt);
  }

  #finishLearning(attempt: Attempt): void {
    if (attempt.learned === null) return;
    this.#learning = null;
    attempt.learned();
  }

  /**
   * The transport can end only what our login user may signal; what sudo runs is root's, and is ended by root. Gives up
   * after a while, since the connection may be what is broken.
   */
  async #stop(attempt: Attempt): Promise<void> {
    const { pid } = attempt.gate;
    if (pid === null || this.#elevation === null || this.#elevation === 'root') return;
    const killed = this.run(STOP_GROUP, { args: [String(pid)], allowFailure: true, what: 'Stopping' });
    const tired = new Promise<void>((resolve) => setTimeout(resolve, STOP_PATIENCE_MS).unref());
    await Promise.race([killed.then(() => undefined), tired]).catch(() => undefined);
  }
}

function sent({ loaded, onSend }: Attempt): Buffer {
  onSend();
  return loaded.input;
}

const NOTHING: LoadedScript = { line: '', input: Buffer.alloc(0) };

const STOP_PATIENCE_MS = 5_000;

/** Slow directory services included; what still waits then waits for something that we cannot answer. */
const SUDO_PATIENCE_MS = 60_000;
