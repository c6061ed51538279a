import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError, TimeoutError } from '../domain/errors.ts';
import type { PlannedNode } from '../domain/plan.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { isVoter } from '../host/etcd.ts';
import { readFile } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { type ServiceOutcome, startService as startUnit } from '../host/start-service.ts';
import { caHash } from '../pki/ca-hash.ts';
import { JOIN_DROPIN_PATH, renderJoinDropIn } from '../render/config-yaml.ts';
import { marksOf } from '../render/own-marks.ts';
import { startStamp } from '../render/start-stamp.ts';
import { explainFailure } from '../rke2/known-failures.ts';
import { previousVersionPath, serverCaPath } from '../rke2/paths.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

const VOTER_POLL_MS = 500;

/**
 * Starts a node's service and waits until it is READY and, on etcd nodes, a voter. While a node joins, a drop-in names a
 * server that lives; config.yaml keeps the lasting address. Learns the cluster's CA from the first server, and what the
 * service has started with.
 */
export const startService: StepHandler<'start-service'> = {
  title: ({ node, join, restart }) => {
    if (restart) return `restart ${node?.service}`;
    return join === null ? `start ${node?.service}` : `join through ${join.address}`;
  },
  run: async (step, context) => {
    const { node, join } = step;
    if (node === null) throw new Error('start-service needs a node');
    const host = context.host(node.key);
    const deadline = Date.now() + context.timeoutMs;
    const guide =
      join === null ? {} : { guide: { path: JOIN_DROPIN_PATH, content: renderJoinDropIn(join.address) } };
    const outcome = await startUnit(host, node.service, {
      restart: step.restart,
      ...guide,
      timeoutMs: context.timeoutMs,
      signal: context.signal,
      onWords: (words) => context.progress(words),
    });
    if (!outcome.ready)
      throw explain(node, outcome, context.timeoutMs, await previousVersion(host, node, context));
    let isMember = false;
    try {
      const [pem] = await Promise.all([
        readCa(host, node, context),
        step.voter ? waitForVoter(host, node, deadline, context) : null,
      ]);
      isMember = true;
      await outcome.end(true);
      await learnJoined(node, pem, context);
    } finally {
      if (!isMember) await outcome.end(false);
    }
    return 'done';
  },
};

/** READY does not mean that a learner was promoted; the next etcd node may only come after that. */
async function waitForVoter(
  host: Host,
  node: PlannedNode,
  deadline: number,
  context: StepContext,
): Promise<void> {
  while (!(await isVoter(host, { signal: context.signal, dataDir: context.cluster.dataDir }))) {
    context.progress('waits to become a voter in etcd');
    if (Date.now() > deadline) {
      throw new TimeoutError({
        code: 'not-a-voter',
        message: `${node.name} is READY, but after ${seconds(context.timeoutMs)} etcd still holds it for a learner.`,
        hint: 'etcd promotes a member once it has caught up: look at disk and network of that host, then run `rke2ctl up` again.',
      });
    }
    await sleep(VOTER_POLL_MS, undefined, { signal: context.signal });
  }
}

/** The CA's certificate, where the state does not know it yet. */
async function readCa(host: Host, node: PlannedNode, context: StepContext): Promise<string | null> {
  if (context.state().caHash !== null) return null;
  return readFile(host, serverCaPath(node.service, context.cluster.dataDir), { signal: context.signal });
}

async function learnJoined(node: PlannedNode, pem: string | null, context: StepContext): Promise<void> {
  const hash = pem === null ? context.state().caHash : caHash(pem);
  const spec = context.cluster.nodes.find(({ key }) => key === node.key);
  await context.learn((state): State => {
    const before = state.nodes[node.id];
    if (before === undefined) return { ...state, caHash: hash };
    // It is READY with the address that it has, and with the servers as they are.
    const { moving: _moved, stranded: _found, ...record } = before;
    const files = context.files(node.key);
    // Where files are none of the plan's business, those on the host are as they were.
    const startedWith = files.length === 0 ? record.startedWith : startStamp(record.version, files);
    const joined: NodeRecord = { ...record, ...marksOf(spec, record), phase: 'joined', startedWith };
    return { ...state, caHash: hash, nodes: { ...state.nodes, [node.id]: joined } };
  });
}

/** What an upgrade put by on the host, and the node could go back to; null where it has that already. */
async function previousVersion(host: Host, node: PlannedNode, context: StepContext): Promise<string | null> {
  const path = previousVersionPath(context.cluster.dataDir);
  const kept = await readFile(host, path, { signal: context.signal }).catch(() => null);
  const version = kept?.trim() ?? '';
  return version === '' || version === context.state().nodes[node.id]?.version ? null : version;
}

/** A service that did not come up, in words: the known cause if there is one, else its own last lines. */
function explain(
  node: PlannedNode,
  outcome: Extract<ServiceOutcome, { ready: false }>,
  timeoutMs: number,
  previous: string | null,
): ServiceError {
  const known = explainFailure(outcome.lines);
  const what =
    outcome.trouble === 'timeout'
      ? `${node.service} on ${node.name} is not READY after ${seconds(timeoutMs)}`
      : `${node.service} on ${node.name} does not come up`;
  return new ServiceError({
    code: known?.name ?? (outcome.trouble === 'timeout' ? 'service-timeout' : 'service-failed'),
    message: known === null ? `${what}.` : `${what}: ${known.cause}`,
    hint: [
      known?.mend ??
        `Read the lines above, and \`journalctl -u ${node.service}\` on the host; then run \`rke2ctl up\` again.`,
      ...(previous === null
        ? []
        : [`Or go back to ${previous} on this node: \`rke2ctl up --rollback-node ${node.name}\`.`]),
    ].join(' '),
    lastWords: tellingLines(outcome.lines),
  });
}

/** The fatal lines, or the last ones where none is. */
function tellingLines(lines: readonly string[]): readonly string[] {
  const fatal = lines.filter((line) => /level=fatal|level=error/.test(line));
  return (fatal.length > 0 ? fatal : lines).slice(-5);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
