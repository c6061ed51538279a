import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { nodeKey } from '../domain/node-identity.ts';
import type { HostFacts, Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { factsOf } from '../render/desired-node.ts';
import { isServer } from '../rke2/roles.ts';
import { findMove, isMoveAsked, type Move } from './find-move.ts';

/**
 * What becomes of servers whose machines have another address: said where the file means it, refused where it does not say
 * so, or where two machines claim to be one.
 */
export function checkMoves(cluster: Cluster, observed: Observed, state: State): readonly Diagnostic[] {
  return cluster.nodes.flatMap((spec): Diagnostic[] => {
    const move = findMove({ cluster, observed, state }, spec);
    const facts = factsOf(observed, spec.key);
    if (move === null || facts === null || !isServer(move.record.roles)) return [];
    if (hasTwin(move, facts, observed)) return [twin(move)];
    if (!isMoveAsked(move, spec)) return [unasked(move)];
    return [...(move.how === 'restart' ? [] : [EXPLAIN[move.how](move)]), ...otherKey(move, facts)];
  });
}

/** At the old address the same machine-id answers, on a machine that was booted another time. */
function hasTwin({ record }: Move, facts: HostFacts, observed: Observed): boolean {
  const other = factsOf(observed, nodeKey(record.address, record.port));
  return other !== null && other.machineId === facts.machineId && other.bootId !== facts.bootId;
}

function twin({ record: { name, address }, to }: Move): Diagnostic {
  return {
    severity: 'error',
    code: 'machine-cloned',
    node: name,
    message: `At ${to} and at ${address} two machines run with the machine-id of ${name}: one is a clone of the other, and two servers with the same data would tear the cluster apart.`,
    hint: 'Switch the clone off, or give it a machine-id of its own and take RKE2 off it (`rke2-uninstall.sh`); then run `rke2ctl up` again.',
  };
}

function unasked({ record: { name }, from, to }: Move): Diagnostic {
  return {
    severity: 'error',
    code: 'server-address-changed',
    node: name,
    message: `${name} joined with the address ${from} and now has ${to}, which the file does not say. etcd and the other nodes know it only under the old one.`,
    hint: `If that is meant to be so, write \`internal_address: ${to}\` for it, or \`follow: true\` for whatever address it has, and run \`rke2ctl up\`. If not, give it ${from} back (or write \`internal_address: ${from}\`).`,
  };
}

const EXPLAIN: Readonly<Record<'reset' | 'rejoin', (move: Move) => Diagnostic>> = {
  reset: (move) => ({
    severity: 'warning',
    code: 'server-moved',
    node: move.record.name,
    message: `${whoMoved(move)} etcd knows its only member under the old address, and RKE2 does not start there with another: etcd is made anew from its own data (\`--cluster-reset\`), with a copy of them beside it, and every other node starts anew to find it. Data and tokens stay.`,
    hint: 'Nothing need be done. Until it is back the API does not answer, and its own pods are away.',
  }),
  rejoin: (move) => ({
    severity: 'warning',
    code: 'server-moved',
    node: move.record.name,
    message: `${whoMoved(move)} The other members of etcd know it under the old address: it leaves the cluster and joins anew, as a new member with the data of the others.`,
    hint: 'Nothing need be done. etcd snapshots that lie on that host alone go with it: fetch those you need first (`rke2ctl etcd snapshot-download`).',
  }),
};

function whoMoved({ record: { name }, from, to }: Move): string {
  const before = from === null ? 'It had another address before.' : `It had ${from} before.`;
  return `${name} is the machine that it was (the same machine-id), and has the address ${to} now. ${before}`;
}

/** A machine keeps its host keys wherever it is carried; who set it up anew knows why not. */
function otherKey({ record, to }: Move, { hostKey }: HostFacts): readonly Diagnostic[] {
  if (record.hostKey === null || hostKey === null || record.hostKey === hostKey) return [];
  return [
    {
      severity: 'warning',
      code: 'host-key-differs',
      node: record.name,
      message: `At ${to} it shows the host key ${hostKey}, and showed ${record.hostKey} before. Its machine-id and its files are those of ${record.name}.`,
      hint: 'If nobody has given it new host keys, stop here and look who answers there.',
    },
  ];
}
