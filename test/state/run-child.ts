import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A TypeScript file of this folder, run by a Node of its own. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves with the next line of its stdout; rejects when it ends before. */
  nextLine(): Promise<string>;
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts the file with arguments; `wrapper` is a command line that Node is started by. */
export function runChild(file: URL, args: readonly string[], wrapper: readonly string[] = []): Child {
  const script = fileURLToPath(file);
  const [command = '', ...rest] = [...wrapper, process.execPath, '--import', 'tsx', script, ...args];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let unfinished = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (unfinished + chunk).split('\n');
    unfinished = parts.pop() ?? '';
    for (const line of parts) {
      const next = waiting.shift();
      if (next) next.resolve(line);
      else lines.push(line);
    }
  });
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve(code ?? signal ?? 'unknown');
      for (const one of waiting.splice(0)) one.reject(new Error(`${script} ended with ${code ?? signal}`));
    });
  });
  return {
    process: child,
    ended,
    nextLine: () =>
      new Promise((resolve, reject) => {
        const line = lines.shift();
        if (line !== undefined) resolve(line);
        else if (child.exitCode !== null) reject(new Error(`${script} has ended with ${child.exitCode}`));
        else waiting.push({ resolve, reject });
      }),
  };
}
