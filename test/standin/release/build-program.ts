import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildOptions } from 'esbuild';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');

/**
 * Bundles the stand-in's programs and joins them into one file that is a shell script and a Node program at once: the
 * shell starts Node on the same file. `version` is the only thing in which two releases' programs differ.
 */
export async function buildProgram(version: string): Promise<string> {
  const [rke2, ports, apiServer] = await programs();
  const release = { version, programs: { 'ports.cjs': ports, 'kube-apiserver.mjs': apiServer } };
  return `#!/bin/sh
':' //; here="$(dirname "$(readlink -f "$0")")"; node="$here/../share/rke2/standin/node"; [ -x "$node" ] || node=/usr/lib/rke2-standin/bin/node; exec "$node" --no-warnings "$0" "$@"
globalThis.STAND_IN_RELEASE = ${JSON.stringify(release)};
${rke2}`;
}

let built: Promise<readonly [string, string, string]> | undefined;

/** Bundled once per process; building takes a few hundred milliseconds. */
function programs(): Promise<readonly [string, string, string]> {
  built ??= Promise.all([
    bundle(join(ROOT, 'rke2/main.ts'), { format: 'cjs' }),
    bundle(join(ROOT, 'rke2/ports-main.ts'), { format: 'cjs' }),
    buildApiServer(),
  ]);
  return built;
}

/** The API server as one ES module, as it lies in the release. */
export function buildApiServer(): Promise<string> {
  return bundle(join(ROOT, 'apiserver/main.ts'), { format: 'esm', banner: { js: REQUIRE } });
}

/** Packages of the older kind ask for Node's own modules by `require`. */
const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

async function bundle(entry: string, options: BuildOptions): Promise<string> {
  if (!existsSync(entry)) return '';
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    write: false,
    logLevel: 'error',
    ...options,
  });
  return result.outputFiles?.[0]?.text ?? '';
}
