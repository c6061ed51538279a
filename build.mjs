// Puts src/ and the packages it uses into a few files below dist/: Node opens, checks and links each file by itself, which
// is most of what a short command costs. What only some commands need stays in files of its own. Types are `npm run typecheck`.
// Beside each file lies what V8 made of it; bin/rke2ctl takes both.
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

/** Parts of Node that take milliseconds to load, and that most commands never come to need. */
const DEAR = 'child_process|crypto|dns|http|https|net|readline|stream|tls|zlib';

/**
 * The same as what Node makes of a file in CommonJS, the only form that V8's cache can be kept for with every Node. In
 * ASCII and without much white space: it is read, and copied in memory, with every command.
 */
async function toFunction(text) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: TARGET,
    supported: { 'dynamic-import': false },
    define: { 'import.meta.dirname': '__dirname' },
    // bundle() has given its warnings.
    logLevel: 'error',
  });
  const { code: short } = await transform(loadLate(exportOnce(code)), {
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    lineLimit: 120,
    target: TARGET,
    logLevel: 'error',
  });
  return `(function(exports,require,module,__filename,__dirname){'use strict';${escapeUnits(short)}})`;
}

/**
 * Leaves out the copy that esbuild makes of what a file exports, to mark it as made from a module: whatever one file takes
 * from another, each time, would go through two functions in place of one. The mark is what tells a default export apart.
 */
function exportOnce(code) {
  if (/^__export\(stdin_exports, \{[^}]*\bdefault: /m.test(code))
    throw new Error('A file of dist/ has a default export, which nobody could tell without the mark.');
  return code.replace('module.exports = __toCommonJS(stdin_exports);', 'module.exports = stdin_exports;');
}

/** Has the dear parts of Node loaded where they are used, not where they are imported; in brackets, as `new` may stand before. */
function loadLate(code) {
  const pattern = new RegExp(`^var (import_\\w+) = (require\\("(?:node:)?(?:${DEAR})"\\));$`, 'gm');
  return [...code.matchAll(pattern)].reduce((text, [statement, name, required]) => {
    const late = text.replace(statement, '').replace(new RegExp(`\\b${name}\\.`, 'g'), `(${required}).`);
    return new RegExp(`\\b${name}\\b`).test(late) ? text : late;
  }, code);
}

function escapeUnits(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What V8 makes of a file without running it: enough not to read all of it again. */
async function keepOutline(path) {
  const script = new Script(await readFile(path, 'latin1'), { filename: path });
  await writeFile(`${path}.cache`, script.createCachedData());
}

/** Runs commands that use much of the code and no network, so that what V8 made of it can be kept. */
async function warmUp(folder) {
  const file = join(folder, 'cluster.yml');
  await copyFile(join(ROOT, 'examples/ha-endpoint/cluster.yml'), file);
  const commands = [
    ['--help'],
    ['plan', '--refresh=false', '--config', file],
    ['validate', '--config', file],
  ];
  for (const words of commands) {
    const command = ['--require', join(ROOT, 'build-cache.cjs'), join(ROOT, 'bin/rke2ctl'), ...words];
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
    // 2 is what `plan` ends with when there is something to do.
    if (status !== 0 && status !== 2)
      throw new Error(`rke2ctl ${words.join(' ')} ended with ${status}: ${stderr}`);
  }
}

await rm(join(ROOT, 'dist'), { recursive: true, force: true });
for (const { path, text } of await bundle()) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await toFunction(text));
  await keepOutline(path);
}
const folder = await mkdtemp(join(tmpdir(), 'rke2ctl-build-'));
try {
  await warmUp(folder);
} finally {
  await rm(folder, { recursive: true });
}
