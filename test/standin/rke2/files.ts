import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a directory and its parents; `mode` is the last one's. */
export function makeDirectory(path: string, mode = 0o755): void {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) mkdirSync(path, { mode });
}

/** Writes a file whole or not at all; 0600 unless said otherwise. */
export function writeFile(path: string, content: string | Buffer, mode = 0o600): void {
  const temporary = `${path}.tmp${process.pid}`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, path);
}

/** The file's text, or undefined when it is not there. */
export function readFileIfAny(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Makes `path` a symlink to `target`, replacing what was there. */
export function linkTo(target: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
