import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** True when a shell would find the program: as a path, or in one of PATH's folders. */
export function hasProgram(program: string, path: string | undefined): boolean {
  if (program === '') return false;
  if (program.includes('/')) return isExecutable(program);
  return (path ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
