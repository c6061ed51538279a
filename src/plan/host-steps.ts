import type { Step } from '../domain/plan.ts';
import { sha256 } from '../lib/hash.ts';
import { factsOf } from '../render/desired-node.ts';
import type { NodeChanges } from './compare-node.ts';
import { installWay } from './install-way.ts';
import type { StartOrder } from './start-order.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** The steps on one host, each waiting for the one before; the start also waits for those that must come first. */
export function hostSteps(
  input: UpInput,
  { desired, changes }: NodeWork,
  order: StartOrder,
  matrixId: string | null,
): readonly Step[] {
  const node = desired.planned;
  const facts = factsOf(input.observed, node.key);
  const steps: Step[] = [];
  const add = (
    kind: Step['kind'],
    reason: string,
    rest: object,
    needs: readonly string[] = [],
    after: readonly string[] = [],
  ) => {
    const last = steps.at(-1);
    const own = last === undefined ? [] : [last.id];
    steps.push({
      kind,
      id: stepId(kind, node),
      node,
      reason,
      needs: [...own, ...needs],
      after,
      ...rest,
    } as Step);
  };

  if (changes.claim) {
    const fresh = facts?.rke2.marker === null;
    add('claim', fresh ? 'the host is new to this cluster' : 'what belongs to us on this host has changed', {
      marker: desired.marker,
      bootstrap: desired.bootstraps && input.state.bootstrapNodeId !== node.id,
    });
  }
  if (changes.stage) {
    const tarball = changes.install ? desired.tarball : null;
    add('stage-artifacts', 'release files are missing on the host', {
      arch: facts?.arch ?? '',
      tarball,
      images: desired.images,
    });
  }
  if (changes.install) {
    add('install', `RKE2 ${input.version} is not installed`, {
      version: input.version,
      way: installWay(input, desired),
    });
  }
  if (changes.prepare.length > 0) {
    add('prepare-host', 'the file asks for it under `prepare`', {
      preparations: changes.prepare,
      prefix: desired.prefix,
    });
  }
  if (changes.firewall !== null) {
    add('open-firewall', 'firewalld does not let RKE2 through as it must', changes.firewall);
  }
  const joins = changes.start === 'first' && !desired.bootstraps;
  const needed = startNeeds(desired, changes, order);
  if (changes.files.length + changes.removed.length > 0) {
    add(
      'write-files',
      fileReason(changes),
      {
        files: changes.files.map(({ path, mode, content }) => ({
          path,
          mode,
          sha256: content === null ? null : sha256(content),
        })),
        removed: changes.removed,
      },
      needed.needs,
      needed.after,
    );
  }
  if (changes.start !== null) {
    const target = joins && order.joinable?.key !== node.key ? order.joinable : null;
    const needs = matrixId === null ? needed.needs : [...needed.needs, matrixId];
    add(
      'start-service',
      startReasonText(changes.start),
      {
        join: target === null ? null : { key: target.key, address: target.address },
        voter: node.roles.includes('etcd'),
        restart: changes.start === 'changed',
      },
      needs,
      needed.after,
    );
  }
  return steps;
}

/** A server waits for the server before it, a worker for a control plane, and for all servers to have ended. */
function startNeeds(
  { planned }: NodeWork['desired'],
  { start }: NodeChanges,
  order: StartOrder,
): { readonly needs: readonly string[]; readonly after: readonly string[] } {
  if (start === null) return { needs: [], after: [] };
  const index = order.servers.findIndex((server) => server.key === planned.key);
  if (index >= 0) {
    const before = order.servers[index - 1];
    return { needs: before === undefined ? [] : [stepId('start-service', before)], after: [] };
  }
  const first = order.servers.find((server) => server.key === order.firstControlPlane);
  return {
    needs: first === undefined ? [] : [stepId('start-service', first)],
    after: order.servers.map((server) => stepId('start-service', server)),
  };
}

function fileReason(changes: NodeChanges): string {
  const names = changes.files.map((file) => file.path.slice(file.path.lastIndexOf('/') + 1));
  return (
    [...names, ...changes.removed].join(', ') +
    (changes.files.length > 0 ? ' to be written' : ' left by an unfinished join')
  );
}

function startReasonText(start: NonNullable<NodeChanges['start']>): string {
  if (start === 'first') return 'the service has not been READY yet';
  if (start === 'unseen') return 'a run that was cut off did not see it READY';
  return start === 'stopped'
    ? 'the service is not running, or not enabled'
    : 'what it reads only at start has changed';
}
