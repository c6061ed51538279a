import { ServiceError } from '../domain/errors.ts';
import type { PlannedNode, StepOf } from '../domain/plan.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { readFile, removeFiles } from '../host/files.ts';
import { resetEtcd as reset } from '../host/reset-etcd.ts';
import { caHash } from '../pki/ca-hash.ts';
import { JOIN_DROPIN_PATH } from '../render/config-yaml.ts';
import { explainFailure } from '../rke2/known-failures.ts';
import { restoreDir, serverCaPath } from '../rke2/paths.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

/** A big snapshot takes its time on a slow disk. */
const TIMEOUT_MS = 30 * 60_000;

/**
 * Makes the node's etcd a cluster of one, by RKE2's own `--cluster-reset`. Then the state no longer counts on members that
 * took no part: those that may come back are known by it as left behind, the others are forgotten.
 */
export const resetEtcd: StepHandler<'reset-etcd'> = {
  title: ({ snapshot }) => (snapshot === null ? 'reset etcd' : `restore ${snapshot}`),
  run: async (step, context) => {
    const { node, snapshot, mark } = step;
    if (node === null) throw new Error('reset-etcd needs a node');
    const { cluster } = context;
    const host = context.host(node.key);
    // Left by a join that was cut off it would name a server, with which RKE2 refuses a reset.
    await removeFiles(host, [JOIN_DROPIN_PATH], { signal: context.signal });
    const outcome = await reset(host, {
      dataDir: cluster.dataDir,
      snapshot: snapshot === null ? null : `${restoreDir(cluster.dataDir)}/${snapshot}`,
      mark,
      timeoutMs: Math.max(TIMEOUT_MS, context.timeoutMs),
      signal: context.signal,
      onWords: (words) => context.progress(words),
    });
    if (!outcome.isReset) throw failed(node, step, outcome.words);
    if (snapshot !== null) await learnCa(node, context);
    await context.learn((state) => withoutMove(withoutAbsent(state, step), node.id));
    return outcome.before ? 'unchanged' : 'done';
  },
};

/** A snapshot brings the CAs of its time, which whoever joins is to pin. */
async function learnCa(node: PlannedNode, context: StepContext): Promise<void> {
  const path = serverCaPath(node.service, context.cluster.dataDir);
  const pem = await readFile(context.host(node.key), path, { signal: context.signal });
  if (pem === null) return;
  const hash = caHash(pem);
  await context.learn((state) => ({ ...state, caHash: hash }));
}

function withoutAbsent(state: State, { leftBehind, forgotten, mark }: StepOf<'reset-etcd'>): State {
  const nodes = Object.entries(state.nodes).flatMap(([id, record]): [string, NodeRecord][] => {
    if (forgotten.includes(id)) return [];
    return [[id, leftBehind.includes(id) ? { ...record, phase: 'staged', leftBehind: mark } : record]];
  });
  return { ...state, nodes: Object.fromEntries(nodes) };
}

/** Etcd knows its member by the address that it has now. */
function withoutMove(state: State, id: string): State {
  const { moving, ...record } = state.nodes[id] ?? {};
  if (moving === undefined) return state;
  return { ...state, nodes: { ...state.nodes, [id]: record as NodeRecord } };
}

function failed(
  node: PlannedNode,
  { snapshot, mark }: StepOf<'reset-etcd'>,
  lines: readonly string[],
): ServiceError {
  const known = explainFailure(lines);
  const what =
    snapshot === null ? 'etcd could not be reset' : `the snapshot ${snapshot} could not be restored`;
  const fatal = lines.filter((line) => /level=(fatal|error)/.test(line));
  return new ServiceError({
    code: known?.name ?? 'reset-failed',
    message: `On ${node.name} ${what}${known === null ? '.' : `: ${known.cause}`} The servers are stopped; the databases of before are on their disks.`,
    hint: `${known === null ? '' : `${known.mend} `}Mend that and run the same command again: it goes on here. RKE2's own words are in server/rke2ctl-restore/reset-${mark}.log below its data directory on that host.`,
    lastWords: (fatal.length > 0 ? fatal : lines).slice(-5),
  });
}
