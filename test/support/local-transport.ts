import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { CancelledError } from '../../src/domain/errors.ts';
import type {
  CommandRequest,
  CommandResult,
  RemoteProcess,
  Transport,
} from '../../src/transport/transport.ts';

export interface LocalTransportOptions {
  /** Words before `-c COMMAND`; `/bin/sh` unless given. */
  readonly shell?: readonly string[];
  /** Makes all words from the command line, as for `ssh HOST LINE`. */
  readonly words?: (command: string) => readonly string[];
  readonly target?: string;
}

export interface LocalTransport extends Transport {
  /** Every command line that went out, in order. */
  readonly commands: string[];
}

/** A Transport over child processes of this machine: real shells, no network of its own. */
export function createLocalTransport(options: LocalTransportOptions = {}): LocalTransport {
  const commands: string[] = [];
  const words = options.words ?? ((line: string) => [...(options.shell ?? ['/bin/sh']), '-c', line]);
  function launch(request: CommandRequest): { child: ChildProcess; result: Promise<CommandResult> } {
    commands.push(request.command);
    const [program = '/bin/sh', ...args] = words(request.command);
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    return { child, result: settle(child, request) };
  }
  return {
    commands,
    target: options.target ?? 'root@localhost',
    hostKey: null,
    connect: async () => undefined,
    close: async () => undefined,
    run: async (request) => {
      const { child, result } = launch(request);
      const { stdin } = child;
      stdin?.on('error', () => undefined);
      if (request.stdin instanceof Readable) {
        request.stdin.on('error', () => stdin?.destroy());
        if (stdin) request.stdin.pipe(stdin);
      } else stdin?.end(request.stdin ?? '');
      return result;
    },
    start: async (request) => {
      const { child, result } = launch(request);
      child.stdin?.on('error', () => undefined);
      const remote: RemoteProcess = {
        write: async (data) => {
          if (child.stdin?.write(data) === false) await Promise.race([once(child.stdin, 'drain'), result]);
        },
        end: () => child.stdin?.end(),
        result,
      };
      return remote;
    },
  };
}

async function settle(child: ChildProcess, request: CommandRequest): Promise<CommandResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) =>
    request.onStdout ? request.onStdout(chunk) : stdout.push(chunk),
  );
  child.stderr?.on('data', (chunk: Buffer) =>
    request.onStderr ? request.onStderr(chunk) : stderr.push(chunk),
  );
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    // The master of shared SSH connections may still hold the other ends.
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  if (request.signal?.aborted) stop();
  request.signal?.addEventListener('abort', stop, { once: true });
  const [code, signal] = await once(child, 'close');
  request.signal?.removeEventListener('abort', stop);
  if (request.signal?.aborted) throw new CancelledError();
  return {
    exitCode: typeof code === 'number' ? code : 128,
    stdout: Buffer.concat(stdout).toString(),
    stderr: signal === null ? Buffer.concat(stderr).toString() : `killed by ${signal}`,
  };
}
