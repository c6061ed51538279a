import type { Cluster } from '../domain/cluster.ts';
import { RemoteCommandError } from '../domain/errors.ts';
import type { StepOf } from '../domain/plan.ts';
import { Secret } from '../domain/secret.ts';
import { removeFiles } from '../host/files.ts';
import { imagesDir } from '../rke2/paths.ts';
import { stagedTarball } from './stage-artifacts.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

/**
 * Unpacks the staged tarball ($1) below the prefix ($2), as RKE2's own script does: other prefixes than /usr/local are
 * written into units and the uninstall script, and the units go to /etc/systemd/system. $3: the version it must show;
 * $4: RKE2's data directory; the rest: files that go.
 */
const UNPACK = `
set -e
if rpm -q rke2-common >/dev/null 2>&1; then echo 'RKE2 is installed from RPM packages on this host' >&2; exit 3; fi
mkdir -p "$2"
tar xzf "$1" -C "$2"
if [ "$2" != /usr/local ]; then
  sed -i "s|/usr/local|$2|" "$2"/lib/systemd/system/rke2-*.service "$2/bin/rke2-uninstall.sh"
  mv -f "$2"/lib/systemd/system/rke2-*.service /etc/systemd/system/
fi
systemctl daemon-reload &
reload=$!
if rpm -q rke2-selinux >/dev/null 2>&1; then
  restorecon -R -i "$2"/lib/systemd/system/rke2-*.service /etc/systemd/system/rke2-*.service "$2/bin/rke2" "$4"
fi
"$2/bin/rke2" --version | grep -qF "$3" || { echo "$2/bin/rke2 does not say that it is $3" >&2; exit 4; }
wait $reload
rm -f "$1"
shift 4
if [ $# -gt 0 ]; then rm -f -- "$@"; fi
`;

/** Puts RKE2 on a host: from the staged tarball, or by the official install script. Never starts anything. */
export const install: StepHandler<'install'> = {
  title: (step) => `install RKE2 ${step.version}`,
  run: async (step, context) => {
    if (step.node === null) throw new Error('install needs a node');
    const { way, version } = step;
    const { dataDir } = context.cluster;
    await forgetStart(step.node.id, context);
    const obsolete = step.obsolete.map((name) => `${imagesDir(dataDir)}/${name}`);
    if (way.method === 'airgap') {
      await context.host(step.node.key).run(UNPACK, {
        args: [stagedTarball(way.tarball, dataDir), way.prefix, version, dataDir, ...obsolete],
        signal: context.signal,
        what: 'Unpacking RKE2',
      });
    } else {
      await runScript(step, way, context);
      if (obsolete.length > 0)
        await removeFiles(context.host(step.node.key), obsolete, { signal: context.signal });
    }
    return 'done';
  },
};

/** From here on a service that falls comes up as another version: what it last got READY with counts no more. */
async function forgetStart(id: string, context: StepContext): Promise<void> {
  const record = context.state().nodes[id];
  if (record?.phase !== 'joined' || record.startedWith === '') return;
  await context.learn((state) => ({
    ...state,
    nodes: { ...state.nodes, [id]: { ...record, startedWith: '' } },
  }));
}

/**
 * On stdin: how many variables of a proxy there are, each on a line of its own, then the script if the operator fetched
 * it, else $1 is its address; settings are the words after it. A proxy's password must not be among the words.
 */
const RUN_SCRIPT = `
read -r count
while [ "$count" -gt 0 ]; do
  IFS= read -r variable
  export "\${variable?}"
  count=$((count - 1))
done
script=$(mktemp) || exit 1
trap 'rm -f "$script"' EXIT
trap 'exit 1' HUP INT TERM PIPE
address=$1; shift
if [ -z "$address" ]; then cat > "$script"
elif command -v curl >/dev/null 2>&1; then curl -fsSL -o "$script" "$address" || exit $?
elif command -v wget >/dev/null 2>&1; then wget -qO "$script" "$address" || exit $?
else echo 'neither curl nor wget is on this host' >&2; exit 1
fi
env "$@" sh "$script" </dev/null
`;

async function runScript(
  { node }: StepOf<'install'>,
  way: {
    readonly script: string;
    readonly fetch: 'host' | 'operator';
    readonly environment: Readonly<Record<string, string>>;
  },
  context: StepContext,
): Promise<void> {
  if (node === null) return;
  const isLocalFile = way.script.startsWith('/');
  const text = way.fetch === 'operator' || isLocalFile ? await context.operator.readText(way.script) : null;
  const settings = Object.entries(way.environment).map(([name, value]) => `${name}=${value}`);
  let lastLine = '';
  const result = await context.host(node.key).run(RUN_SCRIPT, {
    args: [text === null ? way.script : '', ...settings],
    stdin: `${proxyLines(context.cluster)}${text ?? ''}`,
    signal: context.signal,
    allowFailure: true,
    what: 'The install script',
    onStdout: (chunk) => {
      lastLine = chunk.toString().trim().split('\n').at(-1) ?? lastLine;
      context.progress(lastLine);
    },
  });
  if (result.exitCode !== 0)
    throw scriptFailed(node.name, way.script, result.exitCode, result.stderr, lastLine);
}

/** A host that reaches the world through a proxy needs it for the script, too; curl reads some names in small letters only. */
function proxyLines({ environment }: Cluster): string {
  const lines = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => {
    const value = environment[name];
    if (value === undefined) return [];
    const text = value instanceof Secret ? value.reveal() : value;
    return [`${name}=${text}`, `${name.toLowerCase()}=${text}`];
  });
  return [String(lines.length), ...lines].map((line) => `${line}\n`).join('');
}

/** curl ends the script with its own exit codes; the ones that people meet are put into words. */
const CURL_CODES: Readonly<Record<number, string>> = {
  6: 'a name could not be resolved (DNS)',
  7: 'nothing answered at the address',
  22: 'the server answered with an error such as 404: no such version or file',
  28: 'the server did not answer in time',
  35: 'the TLS handshake failed',
  60: 'the certificate is not trusted',
};

function scriptFailed(
  name: string,
  script: string,
  exitStatus: number,
  stderr: string,
  lastLine: string,
): RemoteCommandError {
  const words = stderr.trim().split('\n').slice(-5).join('\n');
  const meaning = CURL_CODES[exitStatus];
  return new RemoteCommandError({
    code: 'install-script-failed',
    message: [
      `The install script ${script} ended with exit code ${exitStatus} on ${name}${meaning === undefined ? '.' : `: ${meaning}.`}`,
      ...(lastLine === '' ? [] : [`It was at: ${lastLine}`]),
      ...(words === '' ? [] : [words]),
    ].join('\n'),
    hint: 'Check that the host reaches that address (proxy, DNS, firewall) and that kubernetes_version exists there; `install.fetch: operator` fetches the script from here, `install.method: airgap` needs no network on the host.',
    exitStatus,
    stderr,
  });
}
