import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const BIN = fileURLToPath(new URL('../../bin/rke2ctl', import.meta.url));

/** Loaded by `node --import` before rke2ctl: writes down every file that Node loads as code. */
const TAP = `
import { register } from 'node:module';
const hook = \`
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  if (url.startsWith('file:')) appendFileSync(process.env.RKE2CTL_TEST_LOADED, url + '\\\\n');
  return next(url, context);
}
\`;
register('data:text/javascript,' + encodeURIComponent(hook));
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
  const urls = (await readFile(list, 'utf8')).trim().split('\n');
  return Promise.all(
    urls.map(async (url) => {
      const path = fileURLToPath(url);
      return { path, bytes: (await stat(path)).size };
    }),
  );
}
