// Puts src/ and the packages it uses into a few files below dist/: Node opens, checks and links each file by itself, which
// is most of what a short command costs. What only some commands need stays in files of its own. Types are `npm run typecheck`.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: ['src/cli/main.ts'],
  absWorkingDir: import.meta.dirname,
  // All in one folder, as deep as src/cli: what looks for a file of the package finds it from both.
  outdir: 'dist/cli',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // ssh2 tries for native code and is as fast without.
  external: ['cpu-features', '*.node'],
  write: false,
  logLevel: 'warning',
});

// What packages in the older form of modules count on, and modules of the newer one do not have.
const REQUIRE =
  "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n";
const DIRNAME = 'const __dirname = import.meta.dirname;\n';

function complete(text) {
  return `${text.includes('typeof require') ? REQUIRE : ''}${text.includes('__dirname') ? DIRNAME : ''}${text}`;
}

await rm(new URL('dist', import.meta.url), { recursive: true, force: true });
for (const { path, text } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, complete(text));
}
