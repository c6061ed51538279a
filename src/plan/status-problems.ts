import type { ClusterNode } from '../domain/cluster.ts';
import type { EtcdStatus, NodeStatus, StatusProblem } from '../domain/cluster-status.ts';
import type { ApiNode } from '../domain/observed.ts';
import { factsOf } from '../render/desired-node.ts';
import { serviceOf } from '../rke2/roles.ts';
import type { StatusInput } from './status-input.ts';
import { ttlPassed, ttlPassedText } from './ttl-passed.ts';

interface ProblemInput extends StatusInput {
  readonly nodes: readonly NodeStatus[];
  readonly etcd: EtcdStatus | null;
  readonly listed: readonly ApiNode[] | null;
}

/** Below that many days a certificate is worth a word; RKE2 renews it at a start of its service. */
const WARN_DAYS = 30;

/** What is ill (error) and what will be (warning), each in one sentence with what to do. */
export function statusProblems(input: ProblemInput): readonly StatusProblem[] {
  const passed = ttlPassed(input.cluster, input.observed, input.state);
  if (passed !== null)
    return [
      error(
        `${ttlPassedText(passed)} \`rke2ctl remove --yes\` forgets what this machine still knows of it; then \`rke2ctl up\` makes it anew.`,
      ),
    ];
  return [
    ...input.cluster.nodes.flatMap((spec, index) => ofNode(input, spec, input.nodes[index])),
    ...ofEtcd(input),
    ...ofApi(input),
    ...ofVersions(input),
    ...ofDrift(input),
  ];
}

function error(message: string): StatusProblem {
  return { severity: 'error', message };
}

function warning(message: string): StatusProblem {
  return { severity: 'warning', message };
}

function ofNode(input: ProblemInput, spec: ClusterNode, node: NodeStatus | undefined): StatusProblem[] {
  if (node === undefined) return [];
  const host = input.observed.hosts[spec.key];
  if (host !== undefined && !host.reachable)
    return [error(`${node.name}: ${host.error.message} ${host.error.hint}`)];
  const service = serviceOf(spec.roles);
  const facts = factsOf(input.observed, spec.key);
  const unit = service === 'rke2-server' ? facts?.rke2.server : facts?.rke2.agent;
  const own = input.listed?.find(({ name }) => name === node.name);
  const problems: StatusProblem[] = [];
  if (node.state === 'absent')
    problems.push(error(`${node.name}: RKE2 is not installed; \`rke2ctl up\` does it.`));
  if (node.state === 'stopped')
    problems.push(
      error(
        `${node.name}: ${service} is ${unit?.active ?? 'inactive'}; \`rke2ctl up\` starts it, \`journalctl -u ${service}\` there may say why.`,
      ),
    );
  if (node.state === 'missing')
    problems.push(
      error(
        `${node.name}: ${service} is ${unit?.active ?? 'running'}, but the cluster has no Node of that name; \`rke2ctl up\` looks after it.`,
      ),
    );
  if (node.state === 'not-ready')
    problems.push(error(`${node.name}: the Node is not Ready: ${own?.reason || 'no reason given'}.`));
  if (unit?.exists === true && !unit.enabled)
    problems.push(
      error(`${node.name}: ${service} is disabled: after a reboot it stays down. \`rke2ctl up\` enables it.`),
    );
  return [...problems, ...ofCertificates(input, spec, node)];
}

function ofCertificates({ health }: ProblemInput, spec: ClusterNode, node: NodeStatus): StatusProblem[] {
  const days = node.certificateDays;
  if (days === null || days >= WARN_DAYS) return [];
  const file = health.get(spec.key)?.certificate?.file ?? '';
  const mend = `a restart of ${serviceOf(spec.roles)} renews it, unless it is a CA`;
  return days < 0
    ? [error(`${node.name}: the certificate ${file} ended ${daysText(-days)} ago; ${mend}.`)]
    : [warning(`${node.name}: the certificate ${file} ends in ${daysText(days)}; ${mend}.`)];
}

function daysText(days: number): string {
  return `${days} day${days === 1 ? '' : 's'}`;
}

function ofEtcd({ etcd, nodes }: ProblemInput): StatusProblem[] {
  if (etcd === null) return [];
  if (etcd.quorum === null)
    return [error('etcd: no member could be asked, so nothing is known of its data.')];
  const voters = etcd.members.filter(({ learner }) => !learner);
  const healthy = voters.filter(({ health }) => health === 'healthy');
  const need = Math.floor(voters.length / 2) + 1;
  if (!etcd.quorum)
    return [
      error(
        `etcd: quorum is lost: ${need} of ${voters.length} members must be up, and fewer are. Bring the missing ones back; until then the cluster takes no change.`,
      ),
    ];
  const silent = etcd.members.filter(({ health }) => health === 'silent');
  const spare = healthy.length - need;
  const names = new Set(nodes.map(({ name }) => name));
  return [
    ...(silent.length === 0
      ? []
      : [
          error(
            `etcd: no answer from ${silent.map(({ name }) => name).join(', ')}; ${spare > 0 ? `${spare} more may fail` : 'one more failure loses quorum'}.`,
          ),
        ]),
    ...etcd.members
      .filter(({ name }) => !names.has(name))
      .map(({ name }) => warning(`etcd: the member ${name} belongs to no node of the file.`)),
  ];
}

function ofApi({ cluster, nodes, listed, observed }: ProblemInput): StatusProblem[] {
  const reached = cluster.nodes.some(({ key }) => factsOf(observed, key) !== null);
  if (listed === null)
    return reached ? [error('No API server answers: whether Nodes are Ready cannot be said.')] : [];
  const names = new Set(nodes.map(({ name }) => name));
  return listed
    .filter(({ name }) => !names.has(name))
    .map(({ name }) => warning(`${name}: the cluster has this Node, and the file does not name it.`));
}

function ofVersions({ nodes }: ProblemInput): StatusProblem[] {
  const versions = [...new Set(nodes.flatMap(({ version }) => version ?? []))].sort();
  return versions.length < 2 ? [] : [warning(`The nodes run different versions: ${versions.join(', ')}.`)];
}

function ofDrift({ drift }: ProblemInput): StatusProblem[] {
  if (!drift.known || drift.nodes.length === 0) return [];
  return [
    warning(
      `Not as the file says: ${drift.nodes.join(', ')}. \`rke2ctl plan\` shows what, \`rke2ctl up\` mends it.`,
    ),
  ];
}
