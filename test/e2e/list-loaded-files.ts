import { readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const BIN = fileURLToPath(new URL('../../bin/rke2ctl', import.meta.url));

/** Loaded by `node --import` before rke2ctl: writes down every file that is loaded as code, in whichever of three ways. */
const TAP = `
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import vm from 'node:vm';
const hook = \`
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  if (url.startsWith('file:')) appendFileSync(process.env.RKE2CTL_TEST_LOADED, new URL(url).pathname + '\\\\n');
  return next(url, context);
}
\`;
register('data:text/javascript,' + encodeURIComponent(hook));
const note = (path) => appendFileSync(process.env.RKE2CTL_TEST_LOADED, path + '\\n');
vm.Script = class extends vm.Script {
  constructor(code, options) {
    super(code, options);
    note(options.filename);
  }
};
process.on('exit', () => Object.keys(createRequire('/').cache).forEach(note));
`;

export interface LoadedFile {
  readonly path: string;
  readonly bytes: number;
}

/** Runs the built command and gives the files that Node loaded for it. `directory` is for a file of our own. */
export async function listLoadedFiles(directory: string, ...args: string[]): Promise<readonly LoadedFile[]> {
  const list = join(directory, 'loaded');
  await rm(list, { force: true });
  await execa(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(TAP)}`, BIN, ...args],
    {
      env: { RKE2CTL_TEST_LOADED: list },
    },
  );
  const paths = (await readFile(list, 'utf8'))
    .trim()
    .split('\n')
    .map((path) => resolve(path));
  return Promise.all([...new Set(paths)].map(async (path) => ({ path, bytes: (await stat(path)).size })));
}
