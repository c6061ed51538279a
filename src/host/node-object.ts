import * as z from 'zod';
import { DRAINED_BY } from '../domain/drain-mark.ts';
import type { ApiNode } from '../domain/observed.ts';
import type { Host } from './host.ts';
import type { CallOptions } from './kubectl.ts';
import { parseNodes } from './probe/parse-nodes.ts';
import { runKubectl } from './run-kubectl.ts';

/** A Node as the steps need it that take nodes out. */
export interface NodeObject extends ApiNode {
  /** True when its kubelet has stopped telling anything: then no pod there will ever be seen to end. */
  readonly silent: boolean;
  /** True once it was deleted and only finalizers hold it. */
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
}

const RawSchema = z.object({
  metadata: z.object({
    deletionTimestamp: z.string().optional(),
    finalizers: z.array(z.string()).nullish(),
  }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() })
    .optional(),
});

/** The Node of that name; null when the API has none. */
export async function getNode(
  host: Host,
  name: string,
  options: CallOptions = {},
): Promise<NodeObject | null> {
  const args = ['get', 'node', name, '--ignore-not-found', '-o', 'json'];
  const { stdout } = await runKubectl(host, args, { what: `Asking for the Node ${name}`, ...options });
  const node = parseNodes(`{"items":[${stdout}]}`)?.[0];
  if (node === undefined) return null;
  const { metadata, status } = RawSchema.parse(JSON.parse(stdout));
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    ...node,
    silent: ready?.status === 'Unknown',
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
  };
}

/** Keeps new pods off a Node; `mark` is written to it in the same moment, so that one is never without the other. */
export async function cordonNode(
  host: Host,
  name: string,
  mark: string | null,
  options: CallOptions = {},
): Promise<void> {
  const annotations = mark === null ? {} : { metadata: { annotations: { [DRAINED_BY]: mark } } };
  await patchNode(host, name, { ...annotations, spec: { unschedulable: true } }, 'Cordoning', options);
}

/** Lets pods onto a Node again and takes our mark off it, in one moment. */
export async function uncordonNode(host: Host, name: string, options: CallOptions = {}): Promise<void> {
  const patch = { metadata: { annotations: { [DRAINED_BY]: null } }, spec: { unschedulable: null } };
  await patchNode(host, name, patch, 'Uncordoning', options);
}

/** Asks for a Node to be deleted and does not wait: finalizers may hold it. */
export async function deleteNode(host: Host, name: string, options: CallOptions = {}): Promise<void> {
  const args = ['delete', 'node', name, '--wait=false', '--ignore-not-found'];
  await runKubectl(host, args, { what: `Deleting the Node ${name}`, ...options });
}

/** Leaves only these finalizers on a Node. */
export async function setFinalizers(
  host: Host,
  name: string,
  finalizers: readonly string[],
  options: CallOptions = {},
): Promise<void> {
  await patchNode(host, name, { metadata: { finalizers } }, 'Releasing', options);
}

/** What `kubectl label` takes: `key=value` sets, `key-` takes away. One call; labels that are gone already are no error. */
export async function labelNode(
  host: Host,
  name: string,
  words: readonly string[],
  options: CallOptions = {},
): Promise<void> {
  const args = ['label', 'node', name, '--overwrite', ...words];
  await runKubectl(host, args, { what: `Labelling the Node ${name}`, ...options });
}

/** What `kubectl taint` takes: `key=value:Effect` sets, `key:Effect-` takes away; the latter must be there. */
export async function taintNode(
  host: Host,
  name: string,
  words: readonly string[],
  options: CallOptions = {},
): Promise<void> {
  const args = ['taint', 'node', name, '--overwrite', ...words];
  await runKubectl(host, args, { what: `Tainting the Node ${name}`, ...options });
}

async function patchNode(
  host: Host,
  name: string,
  patch: object,
  doing: string,
  options: CallOptions,
): Promise<void> {
  const args = ['patch', 'node', name, '--type=merge', '-p', JSON.stringify(patch)];
  await runKubectl(host, args, { what: `${doing} the Node ${name}`, ...options });
}
