import { constants } from 'node:os';
import { execa, type Options } from 'execa';

/** What a command gave: its real exit code (128 + signal number if a signal ended it) and its whole output. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

/** execa's spelling of our options; what is not given stays out, so that execa's defaults hold. */
export function toExecaOptions(options: CommandOptions): Options {
  return {
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.stdin === undefined ? { stdin: 'ignore' as const } : { input: options.stdin }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, forceKillAfterDelay: 2000 }),
  };
}

/** Runs a program of this machine to its end. Never throws for an exit code; throws if it cannot be started or takes too long. */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<ExecResult> {
  const [file, ...args] = command;
  if (file === undefined) throw new Error('The lab was asked to run an empty command.');
  const result = await execa(file, args, { ...toExecaOptions(options), reject: false, encoding: 'utf8' });
  if (result.timedOut)
    throw new Error(`'${command.join(' ')}' did not end within ${options.timeoutMs} ms and was killed.`);
  const stdout = String(result.stdout ?? '');
  const stderr = String(result.stderr ?? '');
  if (result.exitCode !== undefined) return { exitCode: result.exitCode, stdout, stderr };
  if (result.signal !== undefined)
    return { exitCode: 128 + constants.signals[result.signal], stdout, stderr };
  throw new Error(
    `'${command.join(' ')}' could not be started: ${result.originalMessage ?? 'no reason given'}.`,
  );
}

/** As {@link runCommand}, for commands of the lab itself that must succeed: any other exit code throws with their last words. */
export async function mustRun(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(command, options);
  if (result.exitCode === 0) return result.stdout;
  const words = (result.stderr || result.stdout).trim().split('\n').slice(-12).join('\n');
  throw new Error(
    `The lab's command '${command.join(' ')}' ended with exit code ${result.exitCode}:\n${words}`,
  );
}
