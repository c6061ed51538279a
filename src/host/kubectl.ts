import type { ApiNode } from '../domain/observed.ts';
import { binDir, KUBECONFIG_PATH } from '../rke2/paths.ts';
import type { Host } from './host.ts';
import { parseNodes } from './probe/parse-nodes.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** An API server that answers nothing must not hold a step for ever. */
const TIMEOUT_MS = 60_000;

/** The node's own kubectl, as the admin, on this server's API; it must leave no cache in root's home. */
const COMMAND = `${binDir()}/kubectl --kubeconfig ${KUBECONFIG_PATH} --cache-dir /dev/null/none --request-timeout=20s`;

/**
 * Creates the object on stdin, or replaces it: `apply` would keep a copy of it in an annotation, which may not be longer
 * than 256 KiB. printf is a builtin, so nothing of the object is seen in a list of processes.
 */
const PUT = `
object=$(cat)
put() { printf '%s' "$object" | ${COMMAND} "$1" --validate=false -f - 2>&1; }
if answer=$(put create); then exit 0; fi
case $answer in
*AlreadyExists*) if answer=$(put replace); then exit 0; fi ;;
esac
echo "$answer" >&2
exit 1
`;

/** The API's Node objects, as this server sees them. */
export async function getNodes(host: Host, options: CallOptions = {}): Promise<readonly ApiNode[]> {
  const { stdout } = await kubectl(host, ['get', 'nodes', '-o', 'json'], 'Listing the Nodes', options);
  return parseNodes(stdout) ?? [];
}

/** Puts one object, as JSON on stdin since it may hold secrets, into the cluster, in place of one of that name. */
export async function applyManifest(host: Host, manifest: object, options: CallOptions = {}): Promise<void> {
  await host.run(PUT, {
    stdin: JSON.stringify(manifest),
    timeoutMs: TIMEOUT_MS,
    what: 'Putting an object into the cluster',
    ...options,
  });
}

function kubectl(host: Host, args: readonly string[], what: string, options: CallOptions) {
  return host.run(`exec ${COMMAND} "$@"`, { args, timeoutMs: TIMEOUT_MS, what, ...options });
}
