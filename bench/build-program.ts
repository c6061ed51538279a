import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Makes plain JavaScript of a program of this directory, as the built command is: compiling TypeScript is no part of what
 * is measured. Gives its path, inside node_modules so that it finds the packages it needs.
 */
export async function buildProgram(name: string): Promise<string> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const built = here(`../node_modules/.cache/rke2ctl-bench/${name}.mjs`);
  await build({
    entryPoints: [here(`./${name}.ts`)],
    outfile: built,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return built;
}
