import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { CancelledError } from '../../domain/errors.ts';
import { retry } from '../../lib/retry.ts';
import { connectionLost } from '../command-errors.ts';
import { MarkedOutput } from '../marked-output.ts';
import { type RunningCommand, superviseCommand } from '../supervise-command.ts';
import type { CommandRequest, RemoteProcess } from '../transport.ts';
import { killGroupCommand, wrapCommand } from '../wrap-command.ts';
import { controlOptions, type MasterConnection } from './master-connection.ts';
import type { SessionFiles } from './session-files.ts';

/** What ssh says of its own failures, and of a remote command that ended so. */
const SSH_FAILED = 255;
const KILL_TIMEOUT_MS = 10_000;
const OPEN_RETRIES = { attempts: 8, delayMs: 30, maxDelayMs: 1000 };

/** A master connection and how its clients find it. */
export interface Mux {
  readonly master: MasterConnection;
  readonly files: SessionFiles;
  /** As given to ssh, for the `Host` blocks. */
  readonly address: string;
  readonly target: string;
}

/** Starts a command over the master connection once one of its places is free. */
export async function startMuxCommand(mux: Mux, request: CommandRequest): Promise<RemoteProcess> {
  const leave = await mux.master.slots.acquire(request.signal).catch(() => {
    throw new CancelledError();
  });
  try {
    const process = await startClient(mux, request);
    process.result.then(leave, leave);
    return process;
  } catch (error) {
    leave();
    throw error;
  }
}

/** The host's refusal of one more session: its places are freed late, so it is asked again. */
class SessionRefused extends Error {}

async function startClient(mux: Mux, request: CommandRequest): Promise<RemoteProcess> {
  const { line, token } = wrapCommand(request.command, { tellExit: true });
  const child = await retry(() => spawnClient(mux, line), {
    ...OPEN_RETRIES,
    signal: request.signal,
    shouldRetry: (error) => error instanceof SessionRefused && mux.master.isOpen,
  }).catch((error: unknown) => {
    if (request.signal?.aborted) throw new CancelledError();
    throw connectionLost(
      mux.target,
      request.what ?? request.command,
      error instanceof Error ? error.message : String(error),
    );
  });
  const markers = new MarkedOutput(token, { tellExit: true });
  return superviseCommand(runningIn(child, mux, markers), request, { target: mux.target, markers });
}

/** Resolves when the command has told its first word or ended; the output stays unread. */
async function spawnClient(mux: Mux, line: string): Promise<ChildProcessWithoutNullStreams> {
  // ProxyCommand: without a session on the master the client must fail, not connect by itself.
  const options = [...controlOptions(mux.files, 'no'), '-o', 'ProxyCommand=false', '-o', 'LogLevel=ERROR'];
  const args = ['-F', mux.files.config, '-T', ...options, '--', mux.address, line];
  const child = spawn('ssh', args, { stdio: 'pipe', env: mux.files.env });
  child.stdin.on('error', () => undefined);
  if ((await firstSign(child)) === 'spoke') return child;
  // The client says little or nothing of why. When the connection has fallen asking again fails at once.
  throw new SessionRefused((await text(child.stderr)).trim());
}

/** `failed`: ssh ended with its own exit code before the command said anything. */
async function firstSign(child: ChildProcessWithoutNullStreams): Promise<'spoke' | 'failed'> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(child.stdout, 'readable', { signal }), once(child, 'exit', { signal })]);
    // The end of stdout makes it readable too.
    if (child.stdout.readableLength > 0) return 'spoke';
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal });
    return child.exitCode === SSH_FAILED && child.stdout.readableLength === 0 ? 'failed' : 'spoke';
  } finally {
    over.abort();
  }
}

function runningIn(child: ChildProcessWithoutNullStreams, mux: Mux, markers: MarkedOutput): RunningCommand {
  let abandoned: () => void = () => undefined;
  const ended = new Promise<{ exitCode: number | null; reason: string }>((resolve) => {
    const settle = (): void => {
      // The marker is the host's own word; without it ssh's 255 means that the connection failed.
      const ownCode = child.exitCode === SSH_FAILED ? null : child.exitCode;
      resolve({ exitCode: markers.exitCode ?? ownCode, reason: mux.master.ending });
    };
    if (child.exitCode !== null && child.stdout.destroyed && child.stderr.destroyed) setImmediate(settle);
    child.on('close', settle);
    abandoned = settle;
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    endGroup: (group) => endGroup(mux, group),
    abandon: () => {
      // The master holds the other ends of these pipes, so the client's end alone would not close them.
      child.stdout.destroy();
      child.stderr.destroy();
      child.kill('SIGKILL');
      abandoned();
    },
  };
}

async function endGroup(mux: Mux, group: number | null): Promise<boolean> {
  if (group === null || !mux.master.isOpen) return false;
  try {
    const process = await startClient(mux, { command: killGroupCommand(group), timeoutMs: KILL_TIMEOUT_MS });
    process.end();
    return (await process.result).exitCode === 0;
  } catch {
    return false; // the caller tells the person that it may still be running
  }
}
