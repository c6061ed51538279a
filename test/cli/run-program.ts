import { vi } from 'vitest';
import { createProgram } from '../../src/cli/program/program.ts';

class Exit extends Error {}

export interface ProgramRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program within the test, as the shell would with these words; restores what it watches. */
export async function runProgram(...args: string[]): Promise<ProgramRun> {
  const written = { stdout: '', stderr: '' };
  let code: number | null = null;
  const catchText = (stream: 'stdout' | 'stderr') =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    });
  const spies = [
    catchText('stdout'),
    catchText('stderr'),
    vi.spyOn(process, 'exit').mockImplementation((given) => {
      code ??= Number(given);
      throw new Exit();
    }),
  ];
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await createProgram().parseAsync(['node', 'rke2ctl', ...args]);
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  } finally {
    code ??= Number(process.exitCode);
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
  return { code, ...written };
}
