import type { Diagnostic } from '../domain/diagnostic.ts';
import type { DesiredInput } from '../render/desired-node.ts';
import { isServer } from '../rke2/roles.ts';
import { toRpmVersion } from '../rke2/version.ts';
import { checkRollbackSkew } from './check-rollback-skew.ts';
import { findGoingBack, type GoingBack, type NamedNode, nodeTitles, unitOf } from './going-back.ts';
import { readableMarker } from './hand-made.ts';
import { listNodes } from './list-nodes.ts';

/**
 * Whether the named nodes may go back to the version that they had before an upgrade: only who has something to go back to,
 * and only as far as Kubernetes and etcd allow it. Every refusal says what is left to do.
 */
export function checkRollback(input: DesiredInput, names: readonly string[]): readonly Diagnostic[] {
  if (input.state.removing) return [beingRemoved()];
  return findGoingBack(input, names).flatMap((named) => judge(input, named));
}

function judge(input: DesiredInput, named: NamedNode): readonly Diagnostic[] {
  if (named.found === 'nobody') return [unknown(named.name, nodeTitles(input.cluster))];
  if (named.found === 'away') return [away(named.name)];
  const { node } = named;
  const marker = readableMarker(node.facts);
  if (node.record?.phase !== 'joined') return [neverReady(node)];
  if (marker?.clusterId !== input.state.clusterId) return [notOurs(node)];
  if (node.facts.rke2.previous === null) return [nothingKept(input, node)];
  if (node.facts.rke2.previous !== node.present) return checkRollbackSkew(input, node);
  // It was put back, and a run that was cut off did not see it READY.
  return node.record.startedWith === '' ? [] : [nothingReplaced(node)];
}

function refusal(node: GoingBack, code: string, message: string, hint: string): Diagnostic {
  return { severity: 'error', code, node: node.desired.planned.name, message, hint };
}

function beingRemoved(): Diagnostic {
  return {
    severity: 'error',
    code: 'rollback-removing',
    message: 'This cluster is being taken away: a `remove` was begun.',
    hint: 'Run `rke2ctl remove` again to end it.',
  };
}

function unknown(name: string, names: string): Diagnostic {
  return {
    severity: 'error',
    code: 'rollback-unknown',
    message: `--rollback-node ${name}: the file has no such node.`,
    hint: `Name one of: ${names}.`,
  };
}

function away(name: string): Diagnostic {
  return {
    severity: 'error',
    code: 'rollback-unreachable',
    message: `--rollback-node ${name}: that host does not answer, so nothing can be put back on it.`,
    hint: 'See that it is on and that SSH reaches it, then run the same command again.',
  };
}

function neverReady(node: GoingBack): Diagnostic {
  return refusal(
    node,
    'rollback-never-ready',
    `${node.desired.planned.name} has never been READY in this cluster: there is no version that it could go back to.`,
    `Read why it does not come up (\`rke2ctl logs ${node.desired.planned.name}\`), mend that and run \`rke2ctl up\`, or take it out of the file.`,
  );
}

function notOurs(node: GoingBack): Diagnostic {
  return refusal(
    node,
    'rollback-foreign',
    `The host of ${node.desired.planned.name} does not bear this cluster's mark (any more), so what lies there is not touched.`,
    'Run `rke2ctl plan`: it says whose the host is, and what is to be done.',
  );
}

function nothingKept(input: DesiredInput, node: GoingBack): Diagnostic {
  const { name } = node.desired.planned;
  if (node.facts.rke2.rpm) return packaged(input, node);
  if (unitOf(node).active === 'active')
    return refusal(
      node,
      'rollback-nothing',
      `${name} is in service with ${node.present ?? 'its version'}, and nothing is kept of another one: what an upgrade replaces is deleted once the node is healthy.`,
      'To leave this version, restore a snapshot from before the upgrade, with the version that it was saved with; within one minor version, write the older one as kubernetes_version and run `rke2ctl up`.',
    );
  return refusal(
    node,
    'rollback-nothing',
    `Nothing is kept on ${name} that it could go back to: no upgrade of this rke2ctl has begun there.`,
    `Read why it does not come up (\`rke2ctl logs ${name}\`), mend that and run \`rke2ctl up\`.`,
  );
}

/** What a package manager replaced is not ours to put by; only it knows where the older packages are. */
function packaged({ observed }: DesiredInput, { desired, present, facts, ...node }: GoingBack): Diagnostic {
  const { name, service } = desired.planned;
  const known = listNodes(observed)?.find((each) => each.name === name)?.version;
  const version = known === undefined || known === present ? null : toRpmVersion(known);
  return refusal(
    { desired, present, facts, ...node },
    'rollback-packages',
    `RKE2 is installed from RPM packages on ${name}, and those before are not kept by rke2ctl: only the package manager can go back.`,
    `On the host: \`dnf downgrade ${version === null ? "'rke2-*-VERSION'" : `'rke2-*-${version}'`}\`, then \`systemctl restart ${service}\`.${isServer(desired.planned.roles) ? ' On a server only as long as it has not been READY with the new version.' : ''}`,
  );
}

function nothingReplaced(node: GoingBack): Diagnostic {
  return refusal(
    node,
    'rollback-nothing',
    `${node.desired.planned.name} has ${node.present} still: its turn in the upgrade has not come, and there is nothing to go back from.`,
    'To stay with that version, write it as kubernetes_version again.',
  );
}
