import { quoteWord } from '../lib/shell-quote.ts';
import { binDir, KUBECONFIG_PATH } from '../rke2/paths.ts';
import type { CommandResult } from '../transport/transport.ts';
import type { Host } from './host.ts';

export interface KubectlOptions {
  /** For messages, as the beginning of a sentence: `Listing the Nodes`. */
  readonly what: string;
  readonly signal?: AbortSignal;
  /** RKE2's data directory there, `/var/lib/rancher/rke2` unless said otherwise. */
  readonly dataDir?: string | undefined;
  readonly stdin?: string;
  /** One minute unless said otherwise: an API server that answers nothing must not hold a step for ever. */
  readonly timeoutMs?: number;
  readonly allowFailure?: boolean;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
}

const TIMEOUT_MS = 60_000;

/** The words of the node's own kubectl, as the admin, on this server's API; it must leave no cache in root's home. */
export function kubectlCommand(dataDir?: string): string {
  return `${quoteWord(binDir(dataDir))}/kubectl --kubeconfig ${KUBECONFIG_PATH} --cache-dir /dev/null/none --request-timeout=20s`;
}

/** Runs kubectl on a server. Rejects as `Host.run` does. Nothing secret may be among `args`. */
export function runKubectl(
  host: Host,
  args: readonly string[],
  options: KubectlOptions,
): Promise<CommandResult> {
  const { dataDir, ...call } = options;
  return host.run(`exec ${kubectlCommand(dataDir)} "$@"`, { args, timeoutMs: TIMEOUT_MS, ...call });
}
