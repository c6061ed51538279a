import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface RunCommandOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** The command is asked to end, and ended if it does not within `graceMs`. */
  readonly ending: AbortSignal;
  /** Asked then: whether the terminal has told the command already. */
  readonly wasTyped: () => boolean;
  /** The command is ended at once. */
  readonly abort: AbortSignal;
  readonly graceMs?: number;
}

/** What CI services leave between their first word and their last is about as long. */
const GRACE_MS = 7_000;

/**
 * Runs a command with our own standard streams and gives its exit code as a shell would: 128 and the signal's number when
 * it was ended by one, 127 when there is no such program, 126 when it cannot be run.
 *
 * Without a terminal it gets a process group of its own, so that what it has started is ended with it. At a terminal it
 * stays in ours: there Ctrl-C reaches it without us, and it may read what is typed.
 */
export async function runCommand(command: readonly string[], options: RunCommandOptions): Promise<number> {
  const [program = '', ...args] = command;
  const isApart = process.stdin.isTTY !== true;
  const child = spawn(program, args, { env: options.environment, stdio: 'inherit', detached: isApart });
  const tell = (signal: NodeJS.Signals) => signalChild(child.pid, isApart, signal);
  let grace: NodeJS.Timeout | undefined;
  const { graceMs = GRACE_MS } = options;
  const onEnding = () => {
    if (isApart || !options.wasTyped()) tell('SIGTERM');
    grace = setTimeout(() => tell('SIGKILL'), graceMs);
  };
  const onAbort = () => tell('SIGKILL');
  options.ending.addEventListener('abort', onEnding, { once: true });
  options.abort.addEventListener('abort', onAbort, { once: true });
  try {
    return await new Promise<number>((resolve) => {
      child.once('error', (error) => resolve('code' in error && error.code === 'ENOENT' ? 127 : 126));
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
      if (options.ending.aborted) onEnding();
    });
  } finally {
    clearTimeout(grace);
    options.ending.removeEventListener('abort', onEnding);
    options.abort.removeEventListener('abort', onAbort);
    // Whoever is left of a command that was told to end would go on talking to a cluster that is going.
    if (options.ending.aborted && isApart) tell('SIGKILL');
  }
}

function signalChild(pid: number | undefined, isGroup: boolean, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(isGroup ? -pid : pid, signal);
  } catch {
    // It has ended already.
  }
}
