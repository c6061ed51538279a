import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeKey } from '../../domain/cluster.ts';
import type { ClusterStatus, HostHealth } from '../../domain/cluster-status.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { readHealth } from '../../host/read-health.ts';
import { isServer } from '../../rke2/roles.ts';
import { renderStatus } from '../../ui/status-view.ts';
import { decideStyle } from '../../ui/style.ts';
import type { StatusFlags } from '../flags.ts';
import { readStatus } from '../read-status.ts';
import { withWorkspace } from '../wire.ts';

const WATCH_MS = 5_000;

/** `rke2ctl status`: how the cluster is. Exit 0 when all is well, 4 when something is ill. With --watch until Ctrl-C. */
export async function status(flags: StatusFlags): Promise<ExitCode> {
  let shown: string | null = null;
  for (;;) {
    const round = await lookOnce(flags, (found) => {
      const essence = essenceOf(found);
      if (flags.watch === true && process.stdout.isTTY !== true && essence === shown) return;
      shown = essence;
      show(found, flags);
    });
    if (flags.watch !== true || round === 130) return round;
    await sleep(WATCH_MS);
  }
}

async function lookOnce(flags: StatusFlags, tell: (found: ClusterStatus) => void): Promise<ExitCode> {
  const health = new Map<NodeKey, HostHealth>();
  const heard: AbortSignal[] = [];
  const code = await withWorkspace(
    {
      command: 'status',
      flags,
      locks: false,
      look: async (host, node, { dataDir, signal }) => {
        const server = isServer(node.roles);
        const questions = { api: server, etcd: node.roles.includes('etcd'), dataDir, signal };
        health.set(node.key, await readHealth(host, questions));
      },
    },
    async (workspace) => {
      heard.push(workspace.signals.stop);
      const found = await readStatus(workspace, health);
      if (workspace.signals.stop.aborted) return 130;
      tell(found);
      return found.healthy ? 0 : 4;
    },
  );
  // A Ctrl-C while it looks, or while it takes leave of the hosts, would else be forgotten, and --watch go on.
  return heard.some(({ aborted }) => aborted) ? 130 : code;
}

function show(found: ClusterStatus, flags: StatusFlags): void {
  const { isTTY, columns } = process.stdout;
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify(found)}\n`);
    return;
  }
  const style = decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
  const text = renderStatus(found, Date.now(), style);
  const when = new Date().toLocaleTimeString('en-GB');
  // Home and clear to the end, rather than clear and home: nothing flickers.
  if (flags.watch === true && isTTY === true) process.stdout.write(`\u001b[H\u001b[J${text}\n${when}\n`);
  else process.stdout.write(flags.watch === true ? `${when}\n${text}\n` : text);
}

/** What makes a change worth telling: sizes and ages alone do not. */
function essenceOf({ nodes, etcd, lastSnapshot, drift, problems }: ClusterStatus): string {
  const members = etcd?.members.map(({ name, health, leader, learner }) => ({
    name,
    health,
    leader,
    learner,
  }));
  return JSON.stringify({ nodes, members, snapshot: lastSnapshot?.name, drift, problems });
}
