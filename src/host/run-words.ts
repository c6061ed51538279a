import { binDir, DATA_DIR, KUBECONFIG_PATH } from '../rke2/paths.ts';
import type { CommandResult } from '../transport/transport.ts';
import type { Host, RunOptions } from './host.ts';

/**
 * Runs a program with these words on the host as root, in no shell, whatever its exit code. RKE2's kubectl and crictl are
 * found by their names and know their server; everything else is as in a fresh login.
 */
export function runWords(
  host: Host,
  words: readonly string[],
  options: Omit<RunOptions, 'args' | 'stdin'> & { readonly dataDir?: string } = {},
): Promise<CommandResult> {
  const { dataDir = DATA_DIR, ...call } = options;
  return host.run(RUN, { args: [dataDir, binDir(dataDir), ...words], allowFailure: true, ...call });
}

/** $1: data directory; $2: its programs; then the words. Undoes what our own scripts run with. */
const RUN = `
umask 022
unset LC_ALL
PATH=$PATH:$2
if [ -f ${KUBECONFIG_PATH} ]; then KUBECONFIG=${KUBECONFIG_PATH}; export KUBECONFIG; fi
if [ -f "$1/agent/etc/crictl.yaml" ]; then CRI_CONFIG_FILE=$1/agent/etc/crictl.yaml; export CRI_CONFIG_FILE; fi
shift 2
exec "$@"
`;
