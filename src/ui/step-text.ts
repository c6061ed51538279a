import type { FirewallRecord } from '../domain/marker.ts';
import type { Step, StepOf } from '../domain/plan.ts';
import { STAGE_TEXTS } from '../domain/secrets-encryption.ts';
import { clockText } from './duration-text.ts';
import { countText } from './table.ts';

/** What a planned step will do, in a few words for people. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case 'claim':
      return step.bootstrap
        ? 'mark the host as first node of this cluster'
        : 'mark the host as this cluster’s';
    case 'set-ttl':
      return step.seconds === null
        ? 'take its time to live away: it stays for good'
        : `have it go by itself in ${clockText(step.seconds * 1000)}`;
    case 'stage-artifacts':
      return stageText(step);
    case 'install':
      return installText(step);
    case 'keep-previous':
      return `put ${step.version} by, to be able to go back`;
    case 'restore-previous':
      return `put ${step.version} back, as it was put by`;
    case 'drop-previous':
      return 'delete what was put by of the version before';
    case 'prepare-host':
      return `prepare the host: ${step.preparations.join(', ')}`;
    case 'open-firewall':
      return firewallText(step);
    case 'check-ports':
      return `try ${countText(step.probes.length, 'port')} between the nodes`;
    case 'write-files':
      return filesText(step);
    case 'start-service':
      return startText(step);
    case 'verify-nodes':
      return `wait until ${countText(step.nodes.length, 'node')} ${step.nodes.length === 1 ? 'is' : 'are'} Ready`;
    case 'delete-addon':
      return `delete ${step.name} from the cluster (${countText(step.objects.length, 'object')})`;
    case 'verify-addons':
      return `wait until ${countText(step.addons.length, 'manifest')} ${step.addons.length === 1 ? 'is' : 'are'} applied`;
    case 'save-snapshot':
      return `save the etcd snapshot ${step.name}`;
    case 'drain':
      return 'cordon it and evict its pods';
    case 'uncordon':
      return 'let pods onto it again';
    case 'leave-cluster':
      return step.members.length === 0 ? 'delete its Node' : 'delete its Node and see its etcd member out';
    case 'label-node':
      return labelText(step);
    case 'await-charts':
      return 'wait until the Helm jobs of RKE2’s charts are complete';
    case 'await-dns':
      return `wait until the cluster DNS knows ${step.name}`;
    case 'write-kubeconfig':
      return `write the kubeconfig for ${step.server}`;
    case 'copy-state':
      return 'keep a copy of the state in the cluster';
    case 'fetch-snapshots':
      return `fetch ${countText(step.names.length, 'snapshot')} to ${step.directory}`;
    case 'uninstall':
      return 'take RKE2, its data and everything of ours off the host';
    case 'stop-service':
      return step.containers ? `stop ${step.node?.service} and its containers` : `stop ${step.node?.service}`;
    case 'rotate-certificates':
      return `take the old certificates out of use${step.services.length === 0 ? '' : `: ${step.services.join(', ')}`}`;
    case 'verify-certificates':
      return `see the new certificates on ${step.ports.map(({ port }) => port).join(', ')}`;
    case 'rotate-token':
      return 'give the cluster its new server token';
    case 'change-encryption-keys':
      return STAGE_TEXTS[step.stage];
    case 'verify-encryption':
      return 'see that all servers have the new key, and every Secret is stored with it';
    case 'place-snapshot':
      return `send the snapshot ${step.name}, ${megabytes(step.sizeBytes)}, and read it there`;
    case 'reset-etcd':
      return step.snapshot === null
        ? 'make its etcd a cluster of one, with its own data'
        : `make its etcd a cluster of one, with the data of ${step.snapshot}`;
    case 'move-database':
      return 'move its etcd database aside';
    case 'prune-nodes':
      return `delete every Node but ${step.keep.join(', ')}`;
    case 'defragment':
      return 'let etcd give free space back to the disk';
    case 'rotate-authorities':
      return 'put new certificate authorities into the cluster’s data';
    case 'end-operation':
      return 'note in the state that it is done';
    case 'forget-state':
      return 'delete the state file and the kubeconfig';
  }
}

function stageText(step: StepOf<'stage-artifacts'>): string {
  const files = [...(step.tarball === null ? [] : [step.tarball]), ...step.images];
  const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const verb = step.from === undefined ? 'send' : 'fetch';
  const origin = step.from === undefined ? '' : `, from ${step.from}`;
  return `${verb} ${countText(files.length, 'file')}, ${megabytes(bytes)}${origin}`;
}

function installText(step: StepOf<'install'>): string {
  if (step.way.method === 'airgap') return `install RKE2 ${step.version} below ${step.way.prefix}`;
  return `install RKE2 ${step.version} by ${step.way.script}`;
}

function firewallText(step: StepOf<'open-firewall'>): string {
  const added = countRules(step.add);
  const removed = countRules(step.remove);
  return [
    ...(added > 0 || removed === 0 ? [`open the firewall (${countText(added, 'rule')})`] : []),
    ...(removed > 0 ? [`close what is no longer needed (${countText(removed, 'rule')})`] : []),
    ...(step.reload ? ['reload firewalld once'] : []),
  ].join(', ');
}

function countRules(record: FirewallRecord): number {
  const entries = Object.values(record.ipsets).flat().length;
  return record.ports.length + record.richRules.length + record.trustedSources.length + entries;
}

function filesText(step: StepOf<'write-files'>): string {
  const written = step.files.map((file) => file.path.slice(file.path.lastIndexOf('/') + 1));
  return [
    ...(written.length > 0 ? [`write ${written.join(', ')}`] : []),
    ...(step.removed.length > 0 ? [`delete ${step.removed.join(', ')}`] : []),
  ].join('; ');
}

function labelText({ labels, taints }: StepOf<'label-node'>): string {
  const taint = ({ key, effect }: { readonly key: string; readonly effect: string }) => `${key}:${effect}`;
  const set = [...Object.keys(labels.set), ...taints.set.map(taint)];
  const gone = [...labels.remove, ...taints.remove.map(taint)];
  return [
    ...(set.length > 0 ? [`set ${set.join(', ')}`] : []),
    ...(gone.length > 0 ? [`take ${gone.join(', ')} away`] : []),
  ].join('; ');
}

function startText(step: StepOf<'start-service'>): string {
  const service = step.node?.service ?? 'the service';
  if (step.restart) return `restart ${service}`;
  const where = step.join === null ? 'as a new cluster' : `joining ${step.join.address}`;
  return `start ${service} ${where}${step.voter && step.join !== null ? ', until it votes in etcd' : ''}`;
}

function megabytes(bytes: number): string {
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.round(bytes / 1024 ** 2)} MiB`;
}
