import { MARKER_PATH } from '../domain/marker.ts';
import {
  AGENT_TOKEN_PATH,
  CONFIG_DROPIN_DIR,
  CONFIG_PATH,
  DATA_DIR,
  environmentPath,
  MANIFEST_PREFIX,
  manifestsDir,
  OWN_FILES_DIR,
  REGISTRIES_PATH,
  SERVER_TOKEN_PATH,
} from '../rke2/paths.ts';
import type { Host } from './host.ts';

/** A file as it lies on a host: its text is yet to be masked. */
export interface SupportFile {
  readonly path: string;
  readonly text: string;
}

/** Bigger files are left out: a part of one cannot be read as YAML, and so cannot be masked. */
const MAX_BYTES = 512 * 1024;
const TIMEOUT_MS = 30_000;

/** $1: bytes at most; then globs. Each file that is there: its size, its path, a line of base64 (none when it is too big). */
const READ = `
max=$1
shift
IFS=
for pattern in "$@"; do
  for f in $pattern; do
    [ -f "$f" ] || continue
    size=$(stat -L -c %s "$f") || continue
    echo "$size $f"
    if [ "$size" -le "$max" ]; then base64 <"$f" | tr -d '\\n'; fi
    echo
  done
done
exit 0`;

/** Settings of RKE2 on a host and what rke2ctl wrote there. `tooBig` are paths. */
export async function readSupportFiles(
  host: Host,
  options: { readonly dataDir?: string; readonly signal: AbortSignal },
): Promise<{ readonly files: readonly SupportFile[]; readonly tooBig: readonly string[] }> {
  const { dataDir = DATA_DIR, signal } = options;
  const globs = [
    CONFIG_PATH,
    `${CONFIG_DROPIN_DIR}/*`,
    REGISTRIES_PATH,
    MARKER_PATH,
    environmentPath('rke2-server'),
    environmentPath('rke2-agent'),
    '/etc/sysconfig/rke2-*',
    '/usr/local/lib/systemd/system/rke2-*.env',
    '/etc/systemd/system/rke2-*.service.d/*.conf',
    `${OWN_FILES_DIR}/*`,
    `${OWN_FILES_DIR}/*/*`,
    `${manifestsDir(dataDir)}/${MANIFEST_PREFIX}*.yaml`,
  ];
  const found = await readGlobs(host, globs, signal, 'Reading settings');
  return {
    files: found.flatMap(({ path, text }) => (text === null ? [] : [{ path, text }])),
    tooBig: found.filter(({ text }) => text === null).map(({ path }) => path),
  };
}

/** The texts of files that hold nothing but a token, so that it can be looked for in everything else. */
export async function readSupportTokens(
  host: Host,
  options: { readonly dataDir?: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { dataDir = DATA_DIR, signal } = options;
  const names = ['token', 'agent-token', 'node-token'].map((name) => `${dataDir}/server/${name}`);
  const passwords = ['/etc/rancher/node/password'];
  const paths = [SERVER_TOKEN_PATH, AGENT_TOKEN_PATH, ...names, ...passwords];
  const found = await readGlobs(host, paths, signal, 'Reading what must not be shown');
  const texts = found.flatMap(({ text }) => text?.trim() || []);
  // Of a full token the last part is the secret by itself.
  return texts.flatMap((text) => [text, text.split('::').at(-1)?.split(':').at(-1) ?? text]);
}

async function readGlobs(
  host: Host,
  globs: readonly string[],
  signal: AbortSignal,
  what: string,
): Promise<readonly { readonly path: string; readonly text: string | null }[]> {
  const args = [String(MAX_BYTES), ...globs];
  const { stdout } = await host.run(READ, { args, what, signal, timeoutMs: TIMEOUT_MS });
  const lines = stdout.split('\n');
  const found = new Map<string, string | null>();
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [, size, path] = /^(\d+) (.+)$/.exec(lines[at] ?? '') ?? [];
    if (path === undefined) continue;
    const isHere = Number(size) <= MAX_BYTES;
    found.set(path, isHere ? Buffer.from(lines[at + 1] ?? '', 'base64').toString('utf8') : null);
  }
  return [...found].map(([path, text]) => ({ path, text }));
}
