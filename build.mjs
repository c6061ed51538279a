// Puts src/ and the packages it uses into a few files below dist/: Node opens, checks and links each file by itself, which
// is most of what a short command costs. What only some commands need stays in files of its own. Types are `npm run typecheck`.
// Beside each file lies what V8 made of it; bin/rke2ctl takes both.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { build, transform } from 'esbuild';

const ROOT = import.meta.dirname;
const TARGET = 'node20.19';

/** commander can start programs of their own as subcommands; there are none, and what it would take is dear to load. */
const withoutSubprograms = {
  name: 'without-subprograms',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/commander/') ? { path: 'child_process', namespace: 'nothing' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Files that hang together by `import`, and how esbuild splits them, which it can do with modules only. */
async function bundle() {
  const { outputFiles } = await build({
    entryPoints: ['src/cli/main.ts'],
    absWorkingDir: ROOT,
    // All in one folder, as deep as src/cli: what looks for a file of the package finds it from both.
    outdir: 'dist/cli',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: TARGET,
    // ssh2 tries for native code and is as fast without.
    external: ['cpu-features', '*.node'],
    write: false,
    plugins: [withoutSubprograms],
    logLevel: 'warning',
  });
  return outputFiles;
}

/** The same as CommonJS, which is all that V8's cache can be kept for with every Node, and in ASCII. */
async function toCommonJs(text) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: TARGET,
    supported: { 'dynamic-import': false },
    define: { 'import.meta.dirname': '__dirname' },
    // bundle() has given its warnings.
    logLevel: 'error',
  });
  const strict = `'use strict';\n${code}`;
  return strict.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What V8 makes of a file without running it: enough not to read all of it again. */
async function keepOutline(path) {
  const script = new Script(Module.wrap(await readFile(path, 'latin1')), { filename: path });
  await writeFile(`${path}.cache`, script.createCachedData());
}

/** Runs commands that use much of the code, so that what V8 made of it can be kept; whatever they say. */
async function warmUp(folder) {
  const recorder = join(ROOT, 'build-cache.cjs');
  const example = join(ROOT, 'examples/ha-endpoint/cluster.yml');
  for (const words of [['--help'], ['validate', '--config', example]]) {
    const command = ['--require', recorder, join(ROOT, 'bin/rke2ctl'), ...words];
    await promisify(execFile)(process.execPath, command, { cwd: folder });
  }
}

await rm(join(ROOT, 'dist'), { recursive: true, force: true });
for (const { path, text } of await bundle()) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await toCommonJs(text));
  await keepOutline(path);
}
const folder = await mkdtemp(join(tmpdir(), 'rke2ctl-build-'));
try {
  await warmUp(folder);
} finally {
  await rm(folder, { recursive: true });
}
