import { spawn } from 'node:child_process';
import { constants, hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledError } from '../domain/errors.ts';
import { type RunningCommand, superviseCommand } from './supervise-command.ts';
import type { CommandRequest, CommandResult, RemoteProcess, Transport } from './transport.ts';

const PATIENCE_MS = 5000;

/** The machine itself, for `--local`: commands run as children, in process groups of their own. */
export class LocalTransport implements Transport {
  readonly target = `${userInfo().username}@${hostname()} (this machine)`;
  readonly hostKey = null;

  async connect(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw new CancelledError();
  }

  async run(request: CommandRequest): Promise<CommandResult> {
    const process = await this.start(request);
    process.end();
    return process.result;
  }

  async start(request: CommandRequest): Promise<RemoteProcess> {
    if (request.signal?.aborted) throw new CancelledError();
    return superviseCommand(spawnShell(request.command), request, { target: this.target, markers: null });
  }

  async close(): Promise<void> {}
}

function spawnShell(command: string): RunningCommand {
  const child = spawn('/bin/sh', ['-c', '--', command], { detached: true, stdio: 'pipe' });
  const ended = new Promise<{ exitCode: number | null; reason: string }>((resolve) => {
    child.on('error', (error) => resolve({ exitCode: null, reason: error.message }));
    child.on('close', (code, signal) => {
      resolve({ exitCode: code ?? (signal === null ? null : 128 + constants.signals[signal]), reason: '' });
    });
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    endGroup: () => (child.pid === undefined ? Promise.resolve(true) : endGroup(child.pid)),
    abandon: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

async function endGroup(group: number): Promise<boolean> {
  if (!signalGroup(group, 'SIGTERM')) return true;
  for (let waited = 0; waited < PATIENCE_MS; waited += 50) {
    await sleep(50);
    if (!signalGroup(group, 0)) return true;
  }
  signalGroup(group, 'SIGKILL');
  return true;
}

/** False when nothing of the group is left. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}
