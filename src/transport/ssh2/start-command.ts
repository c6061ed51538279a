import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import { CancelledError } from '../../domain/errors.ts';
import { connectionLost } from '../command-errors.ts';
import { MarkedOutput } from '../marked-output.ts';
import { type RunningCommand, superviseCommand } from '../supervise-command.ts';
import type { CommandRequest, RemoteProcess } from '../transport.ts';
import { killGroupCommand, wrapCommand } from '../wrap-command.ts';
import type { Ssh2Connection } from './ssh2-connection.ts';

/** The killing itself waits five seconds before it uses force. */
const KILL_TIMEOUT_MS = 10_000;

/** Starts a command on an open connection once one of its channels is free. */
export async function startCommand(
  connection: Ssh2Connection,
  target: string,
  request: CommandRequest,
): Promise<RemoteProcess> {
  const leave = await connection.slots.acquire(request.signal).catch(() => {
    throw new CancelledError();
  });
  try {
    const process = await startOnChannel(connection, target, request);
    process.result.then(leave, leave);
    return process;
  } catch (error) {
    leave();
    throw error;
  }
}

async function startOnChannel(
  connection: Ssh2Connection,
  target: string,
  request: CommandRequest,
): Promise<RemoteProcess> {
  const { line, token } = wrapCommand(request.command, { tellExit: false });
  const markers = new MarkedOutput(token, { tellExit: false });
  const supervise = (channel: ClientChannel): RemoteProcess =>
    superviseCommand(runningOn(channel, connection, target), request, { target, markers });
  return connection.exec(line, request.signal, supervise).catch((error: unknown) => {
    if (request.signal?.aborted) throw new CancelledError();
    const words = error instanceof Error ? error.message : String(error);
    throw connectionLost(target, request.what ?? request.command, connection.lastError || words);
  });
}

function runningOn(channel: ClientChannel, connection: Ssh2Connection, target: string): RunningCommand {
  let abandon: () => void = () => undefined;
  let isForgotten = false;
  const ended = new Promise<{ exitCode: number | null; reason: string }>((resolve) => {
    let exitCode: number | null = null;
    channel.on('exit', (code: number | null, signalName?: string) => {
      exitCode = typeof code === 'number' ? code : codeOfSignal(signalName);
    });
    const settle = (): void => {
      if (!isForgotten) resolve({ exitCode, reason: connection.lastError });
    };
    channel.on('close', settle);
    // A connection that falls closes its channels, but never one whose output is still to be read.
    void connection.gone.then(() => setImmediate(settle));
    abandon = () => {
      channel.close();
      settle();
    };
  });
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended,
    endGroup: (group) => endGroup(connection, target, group),
    abandon,
    forget: () => {
      isForgotten = true;
    },
  };
}

/** As a shell tells it: 128 and the signal's number. Null for a signal that this system does not know. */
function codeOfSignal(name: string | undefined): number | null {
  const number = Object.entries(constants.signals).find(([known]) => known === name)?.[1];
  return number === undefined ? null : 128 + number;
}

/**
 * sshd passes no signals on for root, and closing a channel ends nothing: so the group is killed by a command of its
 * own, on a channel that needs no place.
 */
async function endGroup(connection: Ssh2Connection, target: string, group: number | null): Promise<boolean> {
  if (group === null || !connection.isOpen) return false;
  try {
    const kill = { command: killGroupCommand(group), timeoutMs: KILL_TIMEOUT_MS };
    const process = await startOnChannel(connection, target, kill);
    process.end();
    return (await process.result).exitCode === 0;
  } catch {
    return false; // the caller tells the person that it may still be running
  }
}
