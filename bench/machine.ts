import { execFile } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where samples were taken; both sides of a figure share it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly openssh: string;
}

const exec = promisify(execFile);

/** This machine, as it is now. */
export async function describeMachine(): Promise<Machine> {
  const { stderr: version } = await exec('ssh', ['-V']);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    openssh: version.split(/[ ,]/)[0] ?? 'unknown',
  };
}

/** The commit of this checkout, with a `+` when it was changed since; `unknown` where there is no git. */
export async function describeCommit(): Promise<string> {
  try {
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    const { stdout } = await exec('git', ['describe', '--always', '--abbrev=9', '--exclude=*', '--dirty=+'], {
      cwd,
    });
    return stdout.trim();
  } catch {
    return 'unknown';
  }
}
