import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteCommandError } from '../domain/errors.ts';
import type { ApiNode } from '../domain/observed.ts';
import type { ObjectRef } from '../domain/state.ts';
import { commandFailure } from './command-failure.ts';
import type { Host } from './host.ts';
import { parseNodes } from './probe/parse-nodes.ts';
import { kubectlCommand, runKubectl } from './run-kubectl.ts';

/** Of every call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** One minute unless said otherwise. */
  readonly timeoutMs?: number;
  /** RKE2's data directory there, `/var/lib/rancher/rke2` unless said otherwise. */
  readonly dataDir?: string | undefined;
}

/** An API server that answers nothing must not hold a step for ever. */
const TIMEOUT_MS = 60_000;

/**
 * Creates the object on stdin, or replaces it: `apply` would keep a copy of it in an annotation, which may not be longer
 * than 256 KiB. printf is a builtin, so nothing of the object is seen in a list of processes.
 */
const put = (dataDir?: string) => `
object=$(cat)
put() { printf '%s' "$object" | ${kubectlCommand(dataDir)} "$1" --validate=false -f - 2>&1; }
if answer=$(put create); then exit 0; fi
case $answer in
*AlreadyExists*) if answer=$(put replace); then exit 0; fi ;;
esac
echo "$answer" >&2
exit 1
`;

/** The API's Node objects, as this server sees them. RemoteCommandError where it does not list them. */
export async function getNodes(host: Host, options: CallOptions = {}): Promise<readonly ApiNode[]> {
  const { stdout } = await kubectl(host, ['get', 'nodes', '-o', 'json'], 'Listing the Nodes', options);
  const nodes = parseNodes(stdout);
  if (nodes === null) throw noList(host.target);
  return nodes;
}

function noList(target: string): RemoteCommandError {
  return new RemoteCommandError({
    code: 'nodes-unreadable',
    message: `What the API server of ${target} answered is no list of Nodes.`,
    hint: 'Look there with `kubectl get nodes`; what stands between kubectl and the API server may have answered in its place.',
    exitStatus: 0,
    stderr: '',
  });
}

/** Puts one object, as JSON on stdin since it may hold secrets, into the cluster, in place of one of that name. */
export async function applyManifest(host: Host, manifest: object, options: CallOptions = {}): Promise<void> {
  const { dataDir, ...call } = options;
  await host.run(put(dataDir), {
    stdin: JSON.stringify(manifest),
    timeoutMs: TIMEOUT_MS,
    what: 'Putting an object into the cluster',
    ...call,
  });
}

/**
 * Deletes objects by name, and gives those that are still there after `timeoutMs`: finalizers may keep them. What is
 * gone already, and kinds that the cluster no longer knows, count as deleted.
 */
export async function deleteObjects(
  host: Host,
  objects: readonly ObjectRef[],
  { timeoutMs, ...options }: CallOptions & { readonly timeoutMs: number },
): Promise<readonly string[]> {
  if (objects.length === 0) return [];
  const stdin = objects.map((object) => JSON.stringify(stubOf(object))).join('\n');
  const what = 'Deleting objects of the cluster';
  await onStubs(host, ['delete', '--wait=false', '--ignore-not-found', '-f', '-'], {
    stdin,
    what,
    ...options,
  });
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const args = ['get', '--ignore-not-found', '-o', 'name', '-f', '-'];
    const left = (await onStubs(host, args, { stdin, what, ...options })).split('\n').filter(Boolean);
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(DELETE_POLL_MS, undefined, { signal: options.signal });
  }
}

const DELETE_POLL_MS = 500;

function stubOf({ apiVersion, kind, namespace, name }: ObjectRef): object {
  return { apiVersion, kind, metadata: { name, ...(namespace !== null && { namespace }) } };
}

/** What kubectl says of kinds that no longer exist, and nothing else. */
const UNKNOWN_KIND =
  /no matches for kind|doesn't have a resource type|could not find the requested resource|ensure CRDs are installed/;

async function onStubs(
  host: Host,
  args: readonly string[],
  options: CallOptions & { readonly stdin: string; readonly what: string },
): Promise<string> {
  const { what } = options;
  const { exitCode, stdout, stderr } = await runKubectl(host, args, { allowFailure: true, ...options });
  const complaints = stderr.split('\n').filter((line) => line.trim() !== '' && !UNKNOWN_KIND.test(line));
  if (exitCode !== 0 && complaints.length > 0) throw commandFailure(host.target, what, exitCode, stderr);
  return stdout;
}

/** What RKE2's deploy controller has applied: SHA-256 of the manifest's file, by the name of its AddOn object. */
export async function getAddons(
  host: Host,
  options: CallOptions = {},
): Promise<Readonly<Record<string, string>>> {
  const args = ['get', 'addons.k3s.cattle.io', '-n', 'kube-system', '-o', 'json'];
  const { stdout } = await kubectl(host, args, 'Listing the AddOns', options);
  const { items = [] } = JSON.parse(stdout) as { readonly items?: readonly RawAddon[] };
  return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec?.checksum ?? '']));
}

interface RawAddon {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly checksum?: string };
}

/** The last warning that the API holds about an AddOn: why it could not be applied; null when it has none. */
export async function getAddonWarning(
  host: Host,
  name: string,
  options: CallOptions = {},
): Promise<string | null> {
  const selector = `involvedObject.kind=Addon,involvedObject.name=${name},type=Warning`;
  const args = ['get', 'events', '-n', 'kube-system', '--field-selector', selector, '-o', 'json'];
  const { stdout } = await kubectl(host, args, `Asking for events of ${name}`, options);
  const { items = [] } = JSON.parse(stdout) as { readonly items?: readonly { readonly message?: string }[] };
  return items.at(-1)?.message ?? null;
}

/** One value of a Secret, decoded; null when there is no such Secret or it has no such key. */
export async function getSecretValue(
  host: Host,
  secret: { readonly name: string; readonly namespace: string; readonly key: string },
  options: CallOptions = {},
): Promise<Buffer | null> {
  const { name, namespace, key } = secret;
  const args = ['get', 'secret', name, '-n', namespace, '--ignore-not-found', '-o', 'json'];
  const { stdout } = await kubectl(host, args, `Reading the Secret ${name}`, options);
  if (stdout.trim() === '') return null;
  const { data } = JSON.parse(stdout) as { readonly data?: Readonly<Record<string, string>> };
  const value = data?.[key];
  return value === undefined ? null : Buffer.from(value, 'base64');
}

function kubectl(host: Host, args: readonly string[], what: string, options: CallOptions) {
  return runKubectl(host, args, { what, ...options });
}
