import { RemoteCommandError } from '../domain/errors.ts';
import type { ApiNode } from '../domain/observed.ts';
import { binDir, KUBECONFIG_PATH } from '../rke2/paths.ts';
import type { Host } from './host.ts';
import { parseNodes } from './probe/parse-nodes.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** An API server that answers nothing must not hold a step for ever. */
const TIMEOUT_MS = 60_000;

/** `$@` goes to the node's own kubectl, as the admin, on this server's API; it must leave no cache in root's home. */
const KUBECTL = `exec ${binDir()}/kubectl --kubeconfig ${KUBECONFIG_PATH} --cache-dir /dev/null/none --request-timeout=20s "$@"`;

/** The API's Node objects, as this server sees them. */
export async function getNodes(host: Host, options: CallOptions = {}): Promise<readonly ApiNode[]> {
  const { stdout } = await kubectl(host, ['get', 'nodes', '-o', 'json'], 'Listing the Nodes', options);
  return parseNodes(stdout) ?? [];
}

/** Applies one object as JSON on stdin: objects may hold secrets. Old kubectls cannot validate against new servers. */
export async function applyManifest(host: Host, manifest: object, options: CallOptions = {}): Promise<void> {
  await host.run(KUBECTL, {
    args: ['apply', '--validate=false', '-f', '-'],
    stdin: JSON.stringify(manifest),
    timeoutMs: TIMEOUT_MS,
    what: 'Applying an object',
    ...options,
  });
}

function kubectl(host: Host, args: readonly string[], what: string, options: CallOptions) {
  return host.run(KUBECTL, { args, timeoutMs: TIMEOUT_MS, what, ...options });
}
