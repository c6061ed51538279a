import type { FoundFile } from '../domain/found-host.ts';
import { sha256 } from '../lib/hash.ts';
import {
  CONFIG_DROPIN_DIR,
  CONFIG_PATH,
  environmentPath,
  manifestsDir,
  REGISTRIES_PATH,
} from '../rke2/paths.ts';
import type { Host } from './host.ts';

/** What was found of RKE2 on a host before anybody knows where its data are. */
export interface Rke2Config {
  /** config.yaml, drop-ins, registries.yaml and environment files that are there. */
  readonly files: readonly FoundFile[];
  /** By service: when it was started (seconds since the epoch; null: is not running) and its command line's arguments. */
  readonly units: Readonly<
    Record<string, { readonly startedAt: number | null; readonly args: readonly string[] }>
  >;
}

/** Reads the settings of an RKE2 that somebody else installed. Looks only. */
export async function readRke2Config(
  host: Host,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Rke2Config> {
  const { stdout } = await host.run(FIRST, { what: 'Reading the settings of RKE2', ...options });
  return { files: parseFiles(stdout), units: parseUnits(stdout) };
}

/**
 * Reads what lies where the settings say: the token files of a server (RKE2's own words for its tokens), the manifests,
 * and `paths`. Only files of at most 1 MiB; absent ones are left out. Looks only.
 */
export async function readRke2Data(
  host: Host,
  dataDir: string,
  paths: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly FoundFile[]> {
  const { stdout } = await host.run(SECOND, {
    args: [dataDir, manifestsDir(dataDir), ...paths],
    what: 'Reading tokens and manifests of RKE2',
    ...options,
  });
  return parseFiles(stdout);
}

const EMIT = `
emit() {
  if [ -f "$1" ] && [ "$(stat -Lc %s "$1")" -le 1048576 ]; then
    printf 'file %s %s ' "$(stat -Lc %Y "$1")" "$(printf '%s' "$1" | base64 | tr -d '\\n')"
    base64 <"$1" | tr -d '\\n'
    echo
  fi
}`;

const ENVIRONMENT = (['rke2-server', 'rke2-agent'] as const).flatMap((service) => [
  environmentPath(service),
  `/etc/sysconfig/${service}`,
]);

const FIRST = `${EMIT}
for f in ${CONFIG_PATH} ${CONFIG_DROPIN_DIR}/*.yaml ${CONFIG_DROPIN_DIR}/*.yml ${REGISTRIES_PATH} ${ENVIRONMENT.join(' ')}; do emit "$f"; done
for u in rke2-server rke2-agent; do
  started=$(systemctl show --value -p ExecMainStartTimestamp "$u" 2>/dev/null)
  if [ "$(systemctl show --value -p ActiveState "$u" 2>/dev/null)" != active ] || [ -z "$started" ]; then started=
  else started=$(date -d "$started" +%s 2>/dev/null); fi
  printf 'unit %s %s ' "$u" "\${started:--}"
  systemctl show --value -p ExecStart "$u" 2>/dev/null | head -n 1
done
true`;

/** $1: the data directory; $2: where its manifests lie; then further files. */
const SECOND = `${EMIT}
emit "$1/server/token"
emit "$1/server/agent-token"
for f in "$2"/*.yaml "$2"/*.yml "$2"/*.json "$2"/*.skip; do emit "$f"; done
shift 2
for f in "$@"; do emit "$f"; done
true`;

function parseFiles(output: string): readonly FoundFile[] {
  return output.split('\n').flatMap((line): FoundFile[] => {
    const [word, changedAt = '', path = '', content = ''] = line.split(' ');
    if (word !== 'file') return [];
    const bytes = Buffer.from(content, 'base64');
    return [
      {
        path: Buffer.from(path, 'base64').toString('utf8'),
        text: bytes.toString('utf8'),
        sha256: sha256(bytes),
        changedAt: Number(changedAt),
      },
    ];
  });
}

function parseUnits(output: string): Rke2Config['units'] {
  const entries = output.split('\n').flatMap((line) => {
    const found = /^unit (\S+) (\S+) ?(.*)$/.exec(line);
    if (found === null) return [];
    const [, unit = '', started = '', command = ''] = found;
    return [
      [unit, { startedAt: started === '-' ? null : Number(started), args: argumentsOf(command) }] as const,
    ];
  });
  return Object.fromEntries(entries);
}

/** systemd's `{ path=… ; argv[]=/usr/local/bin/rke2 server --debug ; … }`: what follows the subcommand. */
function argumentsOf(command: string): readonly string[] {
  const argv = /argv\[\]=(.*?) ;/.exec(command)?.[1] ?? '';
  return argv.split(/\s+/).filter(Boolean).slice(2);
}
