import type { RunEvent } from '../../src/domain/event.ts';
import type { Plan, PlannedNode, Step, StepKind } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';

/** An event and how long after the one before it comes. */
export interface Cue {
  readonly afterMs: number;
  readonly event: RunEvent;
}

/** A node of the scripted run. */
export function plannedNode(number: number, roles: readonly Role[], name = `node-${number}`): PlannedNode {
  return {
    key: `10.0.0.${number}:22`,
    id: `id-${number}`,
    name,
    address: `10.0.0.${number}`,
    roles,
    service: roles.includes('etcd') ? 'rke2-server' : 'rke2-agent',
  };
}

const FAILURE = {
  code: 'service-not-ready',
  message: 'rke2-agent on node-4 did not become ready within 10m00s.',
  hint: 'Open 10.0.0.1:9345 for this node’s address: firewalld on that host, or the security group between.',
  lastWords: [
    'time="2026-11-21T03:00:00Z" level=error msg="Failed to validate connection to cluster at https://10.0.0.1:9345: failed to get CA certs: dial tcp 10.0.0.1:9345: connect: no route to host"',
  ],
};

/** A plan of one step per name, for counting. */
export function planOf(steps: readonly Step[]): Plan {
  return {
    schemaVersion: 1,
    clusterId: '0123456789abcdef',
    clusterName: 'prod',
    version: 'v1.35.7+rke2r1',
    purpose: 'up',
    steps,
    findings: [],
    changes: [],
    drift: [],
    leaving: [],
    nodes: [],
    unreachable: [],
  };
}

/** `up` on four nodes as a terminal would see it: a warning, uploads, a failing worker, the table at the end. */
export function scriptedRun(): readonly Cue[] {
  const nodes = [
    plannedNode(1, ['etcd', 'controlplane']),
    plannedNode(2, ['worker']),
    plannedNode(3, ['worker'], '日本語のノード'),
    plannedNode(4, ['worker']),
  ];
  const cues: Cue[] = [];
  const tell = (afterMs: number, event: RunEvent) => cues.push({ afterMs, event });
  tell(0, { type: 'run-started', command: 'up', clusterName: 'prod', config: 'cluster.yml' });
  for (const node of nodes) tell(20, { type: 'host-connecting', key: node.key });
  for (const node of nodes)
    tell(300, { type: 'host-probed', key: node.key, name: node.name, durationMs: 410 });
  for (const node of nodes) {
    tell(0, {
      type: 'finding',
      diagnostic: {
        severity: 'warning',
        code: 'swap',
        node: node.address,
        message: 'The host has 2.0 GiB of swap. RKE2 starts with it, but a node short of memory then crawls.',
        hint: 'Run `swapoff -a` and take swap out of /etc/fstab, if you did not mean it.',
      },
    });
  }
  const titles: readonly (readonly [StepKind, string])[] = [
    ['stage-artifacts', 'send 3 files, 812 MiB'],
    ['install', 'install RKE2 v1.35.7+rke2r1'],
    ['start-service', 'start the service'],
  ];
  const steps = nodes.flatMap((node) =>
    titles.map(
      ([kind]) =>
        ({ kind, id: `${kind} ${node.key}`, node, reason: 'new', needs: [], after: [] }) as unknown as Step,
    ),
  );
  tell(50, { type: 'planned', plan: planOf(steps) });
  for (const [kind, title] of titles) {
    for (const node of nodes) {
      tell(30, { type: 'step-started', step: `${kind} ${node.key}`, kind, node, title });
    }
    for (let part = 1; part <= 10; part += 1) {
      for (const node of nodes) {
        tell(40, {
          type: 'step-progress',
          step: `${kind} ${node.key}`,
          words:
            kind === 'stage-artifacts'
              ? 'rke2-images-core.linux-amd64.tar.zst'
              : `\u001b[31mWaiting for \u001b]0;x\u0007control-plane node ${part} to register apiserver addresses in etcd\u001b[0m`,
          ...(kind === 'stage-artifacts' ? { fraction: part / 10 } : {}),
        });
      }
    }
    for (const node of nodes) {
      const failed = kind === 'start-service' && node.name === 'node-4';
      tell(100, {
        type: 'step-ended',
        step: `${kind} ${node.key}`,
        kind,
        node,
        outcome: failed ? 'failed' : 'done',
        durationMs: 2_400,
        ...(failed ? { failure: FAILURE } : {}),
      });
    }
  }
  tell(100, {
    type: 'run-ended',
    result: {
      outcome: 'partly',
      durationMs: 72_000,
      nodes: nodes.map((node) => ({
        key: node.key,
        name: node.name,
        roles: node.roles,
        result: node.name === 'node-4' ? 'failed' : 'done',
        durationMs: 7_200,
        lastWords: node.name === 'node-4' ? FAILURE.message : '',
      })),
    },
  });
  return cues;
}
