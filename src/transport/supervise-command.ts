import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandCancelled, commandTimedOut, connectionLost } from './command-errors.ts';
import type { MarkedOutput } from './marked-output.ts';
import type { CommandRequest, CommandResult, RemoteProcess } from './transport.ts';

/** How long to wait for the host's word before a command that was ended is let go. */
const LETTING_GO_MS = 2000;

/** A command under way, as the transports hand it to `superviseCommand`. */
export interface RunningCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves after the last byte of output. A null exit code means that nobody told how it ended. Never rejects. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly reason: string }>;
  /** Ends the process group on the host; false when that could not be done. Never rejects. */
  endGroup(group: number | null): Promise<boolean>;
  /** Lets go of the command without waiting for it; `ended` resolves. */
  abandon(): void;
  /** Leaves it to the end of the connection, which ends its stdin as well; `ended` need not resolve any more. */
  forget?(): void;
}

interface Supervision {
  readonly target: string;
  /** Null when the command's stdout carries no markers. */
  readonly markers: MarkedOutput | null;
}

/**
 * Feeds stdin, gathers output, and ends the command on the host when the signal aborts or the time is over. Stdin stays
 * open until `end()`, and of a forgotten command until the connection ends where the transport can leave it to that. Both
 * outputs are always consumed: a channel whose output nobody reads never closes.
 */
export function superviseCommand(
  running: RunningCommand,
  request: CommandRequest,
  supervision: Supervision,
): RemoteProcess {
  const stop = createStop(running, request, supervision);
  const output = gatherOutput(running, request, supervision.markers, stop.fail);
  const fed = feedStdin(running, request.stdin, stop.fail);
  const result = settle(running, request, supervision, stop, output);
  result.catch(() => undefined); // whoever started it may never ask
  return {
    write: (data) => write(running, data, supervision.target, request.what ?? request.command),
    end: (how) => {
      const isStopping = stop.failure() !== null;
      if (how === 'forgotten' && running.forget !== undefined && !isStopping) {
        stop.dispose();
        running.forget();
      } else void fed.then(() => running.stdin.end());
    },
    result,
  };
}

interface Stop {
  /** Ends the command and makes `error` the outcome; only the first call counts. */
  readonly fail: (error: (ended: boolean) => Error) => void;
  /** The outcome to reject with once the command has been ended; null as long as nobody asked to stop. */
  readonly failure: () => Promise<Error> | null;
  readonly dispose: () => void;
}

function createStop(running: RunningCommand, request: CommandRequest, supervision: Supervision): Stop {
  let failure: Promise<Error> | null = null;
  const fail: Stop['fail'] = (error) => {
    failure ??= endCommand(running, supervision.markers).then(error);
  };
  const onAbort = (): void => fail((ended) => commandCancelled(supervision.target, ended));
  const { timeoutMs, signal } = request;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(
          () =>
            fail((ended) =>
              commandTimedOut(supervision.target, request.what ?? request.command, timeoutMs, ended),
            ),
          timeoutMs,
        );
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return {
    fail,
    failure: () => failure,
    dispose: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

async function endCommand(running: RunningCommand, markers: MarkedOutput | null): Promise<boolean> {
  let over = false;
  const ended = running.ended.then(() => {
    over = true;
  });
  // The command may not have told its process group yet.
  for (let i = 0; i < 100 && markers?.group === null && !over; i += 1) {
    await Promise.race([sleep(10), ended]);
  }
  const done = over || (await running.endGroup(markers?.group ?? null));
  const timer = new AbortController();
  await Promise.race([
    ended,
    sleep(LETTING_GO_MS, undefined, { signal: timer.signal }).catch(() => undefined),
  ]);
  timer.abort();
  running.abandon();
  return done;
}

interface Output {
  readonly stdout: () => string;
  readonly stderr: () => string;
}

function gatherOutput(
  running: RunningCommand,
  request: CommandRequest,
  markers: MarkedOutput | null,
  fail: Stop['fail'],
): Output {
  const stdout = takeChunks(request.onStdout, fail);
  const stderr = takeChunks(request.onStderr, fail);
  running.stdout.on('data', (chunk: Buffer) => stdout.push(markers === null ? chunk : markers.push(chunk)));
  running.stdout.on('end', () => {
    if (markers !== null) stdout.push(markers.flush());
  });
  running.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  running.stdout.on('error', () => undefined); // how it ended is told by `ended`
  running.stderr.on('error', () => undefined);
  return { stdout: stdout.text, stderr: stderr.text };
}

function takeChunks(
  onChunk: ((chunk: Buffer) => void) | undefined,
  fail: Stop['fail'],
): { readonly push: (chunk: Buffer) => void; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const push = (chunk: Buffer): void => {
    if (chunk.length === 0) return;
    if (onChunk === undefined) {
      chunks.push(chunk);
      return;
    }
    try {
      onChunk(chunk);
    } catch (error) {
      fail(() => (error instanceof Error ? error : new Error(String(error))));
    }
  };
  return { push, text: () => Buffer.concat(chunks).toString('utf8') };
}

/** Resolves when all of `input` has been handed over; stays pending when the source fails, as `fail` then ends it all. */
function feedStdin(
  running: RunningCommand,
  input: CommandRequest['stdin'],
  fail: Stop['fail'],
): Promise<void> {
  const { stdin } = running;
  stdin.on('error', () => undefined); // a command that does not read its input is no error
  if (input === undefined) return Promise.resolve();
  if (typeof input === 'string' || Buffer.isBuffer(input)) {
    if (input.length > 0) stdin.write(input);
    return Promise.resolve();
  }
  void running.ended.then(() => {
    input.unpipe(stdin);
    input.destroy();
  });
  return new Promise((resolve) => {
    // Not `end: true`: a source that breaks off must not look to the host like the end of the data.
    input.once('error', (error) => fail(() => error));
    input.once('end', resolve);
    input.once('close', () => {
      if (!input.readableEnded) fail(() => input.errored ?? new Error('The data to be sent broke off.'));
    });
    input.pipe(stdin, { end: false });
  });
}

async function settle(
  running: RunningCommand,
  request: CommandRequest,
  supervision: Supervision,
  stop: Stop,
  output: Output,
): Promise<CommandResult> {
  const { exitCode, reason } = await running.ended;
  stop.dispose();
  const failure = stop.failure();
  if (failure !== null) throw await failure;
  if (exitCode === null) {
    throw connectionLost(supervision.target, request.what ?? request.command, reason);
  }
  return { exitCode, stdout: output.stdout(), stderr: output.stderr() };
}

/** The write callback of a channel that is closing never comes, so its end is waited for as well. */
async function write(
  running: RunningCommand,
  data: string | Buffer,
  target: string,
  command: string,
): Promise<void> {
  const { stdin } = running;
  const lost = (): Error => connectionLost(target, command, 'the other end is gone');
  if (stdin.writableEnded || stdin.destroyed || !stdin.writable) throw lost();
  await new Promise<void>((resolve, reject) => {
    let isWritten = false;
    void running.ended.then(() => {
      if (!isWritten) reject(lost());
    });
    stdin.write(data, (error) => {
      isWritten = true;
      if (error) reject(lost());
      else resolve();
    });
  });
}
