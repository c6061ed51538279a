import type { HostFacts, UnitFacts } from '../domain/observed.ts';
import type { Step, StepId, StepOf } from '../domain/plan.ts';
import { JOIN_DROPIN_PATH } from '../render/config-yaml.ts';
import type { DesiredNode } from '../render/desired-node.ts';
import { startStamp } from '../render/start-stamp.ts';
import { AGENT_TOKEN_PATH, manifestsDir, SERVER_TOKEN_PATH } from '../rke2/paths.ts';
import { parseVersion } from '../rke2/version.ts';
import { stepId } from './step-id.ts';
import type { NodeWork } from './up-input.ts';

type Keeping = Omit<StepOf<'keep-previous'>, 'id' | 'node' | 'needs' | 'after'>;

/**
 * Before an upgrade touches a node that has been READY: what it replaces is put by. Not where packages are (their manager
 * alone can go back), nor where a foreign program stands in place of ours, nor where an earlier run has done it.
 */
export function keepStep({ desired, changes, facts, record }: NodeWork): readonly Keeping[] {
  if (record?.phase !== 'joined' || !changes.install) return [];
  if (facts.rke2.rpm) return [];
  const { version } = desired.marker;
  if (record.startedWith === startStamp(version, desired.files)) return [];
  const present = programVersion(desired, facts);
  if (present === null || present === version) return [];
  const { previous } = facts.rke2;
  // Left by an upgrade that came to its end: what runs now got READY after it.
  const isOver = previous !== present && (record.startedWith ?? '') !== '';
  if (previous !== null && !isOver) return [];
  return [
    {
      kind: 'keep-previous',
      reason: `so that it can go back to ${present} if ${version} does not come up`,
      version: present,
      prefix: desired.prefix,
      images: ourBundles(desired, facts),
      files: keptFiles(desired, changes.removed),
    },
  ];
}

/** The version of the program in its prefix; null where there is none that says one. */
export function programVersion({ prefix }: Pick<DesiredNode, 'prefix'>, { rke2 }: HostFacts): string | null {
  const version = rke2.binaries.find(({ path }) => path === `${prefix}/bin/rke2`)?.version ?? '';
  return parseVersion(version) === null ? null : version;
}

/** What we staged, and what takes its place: of other files in that directory nothing is replaced. */
function ourBundles({ images }: DesiredNode, { rke2 }: HostFacts): readonly string[] {
  const { marker } = rke2;
  const staged = marker === null || marker === 'unreadable' ? [] : (marker.installed?.images ?? []);
  const ours = new Set([...staged, ...images].map(({ name }) => name));
  return rke2.images.map(({ name }) => name).filter((name) => ours.has(name));
}

/** Tokens do not follow the version, and manifests are the whole cluster's: neither goes back with one node. */
function keptFiles({ files, marker }: DesiredNode, removed: readonly string[]): readonly string[] {
  const left = [JOIN_DROPIN_PATH, SERVER_TOKEN_PATH, AGENT_TOKEN_PATH];
  const manifests = `${manifestsDir(marker.dataDir)}/`;
  const read = files.filter(({ readAtStart }) => readAtStart).map(({ path }) => path);
  return [...new Set([...read, ...removed])].filter(
    (path) => !left.includes(path) && !path.startsWith(manifests),
  );
}

/**
 * Once a node is in service with what it is to have, and the Nodes were seen Ready, what was put by goes: disks would fill.
 * `before` are all other steps of the plan.
 */
export function dropSteps(work: readonly NodeWork[], before: readonly Step[]): readonly Step[] {
  const last = new Map<string, StepId>();
  for (const { node, id, kind } of before) if (node !== null && isOfNode(kind)) last.set(node.id, id);
  const verify = before.filter(({ kind }) => kind === 'verify-nodes').map(({ id }) => id);
  return work.flatMap((each): Step[] => {
    const { desired, facts, changes, rejoins } = each;
    const node = desired.planned;
    const isKept = facts.rke2.previous !== null || keepStep(each).length > 0;
    if (!isKept || rejoins !== null || (changes.start === null && unitOf(each).active !== 'active'))
      return [];
    const own = last.get(node.id);
    return [
      {
        kind: 'drop-previous',
        id: stepId('drop-previous', node),
        node,
        reason: 'what was put by for going back is needed no more once the node is healthy',
        needs: [...(own === undefined ? [] : [own]), ...verify],
        after: [],
        prefix: desired.prefix,
      },
    ];
  });
}

/** Not what is done on its host for the cluster as a whole. */
function isOfNode(kind: Step['kind']): boolean {
  return ![
    'save-snapshot',
    'verify-nodes',
    'delete-addon',
    'verify-addons',
    'write-kubeconfig',
    'copy-state',
    'await-dns',
  ].includes(kind);
}

function unitOf({ desired, facts }: NodeWork): UnitFacts {
  return desired.planned.service === 'rke2-server' ? facts.rke2.server : facts.rke2.agent;
}
