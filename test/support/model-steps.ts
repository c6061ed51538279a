import type { NodeKey } from '../../src/domain/cluster.ts';
import type { Marker } from '../../src/domain/marker.ts';
import type { HostFacts } from '../../src/domain/observed.ts';
import type { Step, StepOf } from '../../src/domain/plan.ts';
import { contentStamp } from '../../src/lib/content-stamp.ts';
import { sha256 } from '../../src/lib/hash.ts';
import type { DesiredInput } from '../../src/render/desired-node.ts';
import { manifestPath } from '../../src/render/manifests.ts';
import { type ReadInput, readsAnew, touchesStart } from '../../src/render/reads-anew.ts';
import { writtenHashes } from '../../src/render/written-hashes.ts';
import { CONFIG_PATH } from '../../src/rke2/paths.ts';
import { isTtlPath } from '../../src/rke2/ttl-paths.ts';
import { runs, withMachine } from './model-cluster.ts';
import { openFirewall } from './model-firewall.ts';
import { type World, withFacts } from './model-hosts.ts';
import {
  applyDrain,
  applyLabels,
  applyLeave,
  applySnapshot,
  applyUncordon,
  applyUninstall,
  checkCharts,
  checkVerify,
  requireHost,
} from './model-membership.ts';
import { filesOf, learnClaim, withRecord } from './model-records.ts';
import { applyReset, applyStart, applyStop } from './model-service.ts';

export interface StepRun {
  /** What the plan was made from. */
  readonly input: DesiredInput;
  /** Hosts on which a step went wrong earlier in this run. */
  readonly lost?: ReadonlySet<NodeKey>;
}

/** The world after one step. Throws when the step could not have worked there: what it needs is not so. */
export function applyStep(world: World, step: Step, run: StepRun): World {
  switch (step.kind) {
    case 'delete-addon':
      return applyDeletion(world, step);
    case 'save-snapshot':
      return applySnapshot(world, step);
    case 'drain':
      return applyDrain(world, step);
    case 'uncordon':
      return applyUncordon(world, step);
    case 'leave-cluster':
      return applyLeave(world, step);
    case 'label-node':
      return applyLabels(world, step);
    case 'await-charts':
      checkCharts(world, step);
      return world;
    default:
      return step.node === null ? world : applyOnHost(world, step, step.node.key, run);
  }
}

function applyOnHost(world: World, step: Step, key: NodeKey, { input, lost = new Set() }: StepRun): World {
  requireHost(world, step, key);
  switch (step.kind) {
    case 'uninstall':
      return applyUninstall(world, step);
    case 'claim': {
      const facts = world.hosts[key];
      if (facts?.machineId !== step.marker.machineId) throw new Error(`${step.id}: it is another machine`);
      return applyMarker(learnClaim(world, step), step, input);
    }
    case 'start-service':
      return applyStart(world, step, input);
    case 'stop-service':
      return applyStop(world, step);
    case 'reset-etcd':
      return applyReset(world, step);
    case 'write-files':
      return applyFiles(world, step, input);
    case 'verify-nodes':
      checkVerify(world, step, lost);
      return world;
    case 'copy-state':
      requireHost(world, step, key, true);
      return world;
    case 'write-kubeconfig':
      return { ...world, kubeconfig: true };
    default:
      return withFacts(world, key, (facts) => applyToHost(facts, step));
  }
}

/**
 * The world when a run is cut off within this step: of two effects only the first is there. `variant` chooses where there
 * are several such places; null where the step has one effect only.
 */
export function applyHalf(world: World, step: Step, { input }: StepRun, variant: number): World | null {
  switch (step.kind) {
    case 'claim':
      return learnClaim(world, step);
    case 'start-service':
      // The process runs, as a learner or already as a voter, and nobody saw it READY.
      return variant % 2 === 0
        ? applyStart(world, step, input, false)
        : { ...applyStart(world, step, input), state: world.state };
    case 'write-files':
      return variant % 2 === 0 ? forgetStart(world, step, input) : applyHalfOfFiles(world, step, input);
    case 'reset-etcd':
      return applyReset(world, step, false);
    case 'uninstall':
      return applyUninstall(world, step, false);
    case 'leave-cluster':
      return applyLeave(world, step, false);
    case 'label-node':
      return applyLabels(world, step, false);
    default:
      return null;
  }
}

function applyToHost(facts: HostFacts, step: Step): HostFacts {
  switch (step.kind) {
    case 'stage-artifacts': {
      const images = step.images.map((image) => ({ ...image, mtime: contentStamp(image.sha256) }));
      const others = facts.rke2.images.filter(({ name }) => !images.some((image) => image.name === name));
      return { ...facts, rke2: { ...facts.rke2, images: [...others, ...images] } };
    }
    case 'keep-previous':
      if (facts.rke2.previous === step.version) throw new Error(`${step.id}: it is put by already`);
      if (facts.rke2.binaries[0]?.version !== step.version)
        throw new Error(`${step.id}: what is there is not ${step.version}`);
      return { ...facts, rke2: { ...facts.rke2, previous: step.version } };
    case 'drop-previous':
      return { ...facts, rke2: { ...facts.rke2, previous: null } };
    case 'install': {
      const images = facts.rke2.images.filter(({ name }) => !step.obsolete.includes(name));
      const binaries = [{ path: '/usr/local/bin/rke2', version: step.version }];
      return { ...facts, rke2: { ...facts.rke2, binaries, images } };
    }
    case 'open-firewall':
      return { ...facts, firewall: openFirewall(facts.firewall, step.add, step.remove) };
    case 'set-ttl': {
      const { ttl: _before, ...rke2 } = facts.rke2;
      const others = Object.entries(rke2.files).filter(([path]) => step.seconds !== null || !isTtlPath(path));
      const written = step.files.map(
        ({ path, mode, sha256: hash }) => [path, { sha256: hash ?? '', mode }] as const,
      );
      const files = Object.fromEntries([...others, ...written]);
      if (step.seconds === null) return { ...facts, rke2: { ...rke2, files } };
      return { ...facts, rke2: { ...rke2, files, ttl: { remainingSeconds: step.seconds, armed: true } } };
    }
    case 'prepare-host':
      return { ...facts, inotify: { instances: 8192, watches: 524_288 } };
    default:
      return facts;
  }
}

function applyMarker(world: World, { node, marker }: StepOf<'claim'>, input: DesiredInput): World {
  if (node === null) return world;
  const files = filesOf(world, node.key, input);
  return withFacts(world, node.key, (facts) => {
    const before = { ...marker.written, ...readable(facts.rke2.marker)?.written };
    const written = writtenHashes(before, marker.files, files, facts.rke2.files);
    const whole: Marker = written === undefined ? marker : { ...marker, written };
    return { ...facts, rke2: { ...facts.rke2, marker: whole } };
  });
}

function applyDeletion(world: World, { node, name, forget }: StepOf<'delete-addon'>): World {
  if (!runs(world.hosts[node?.key ?? ''], 'rke2-server')) throw new Error('nobody to delete it');
  const path = manifestPath(world.cluster.dataDir, name);
  if (Object.values(world.hosts).some((host) => forget && host.rke2.files[path] !== undefined))
    throw new Error(`${name} is still on a host and would be applied again`);
  const { [name]: gone, ...addons } = world.state.addons;
  return forget && gone !== undefined ? { ...world, state: { ...world.state, addons } } : world;
}

/** Before anything is written that the service must read anew, the state forgets what it had started with. */
function forgetStart(world: World, step: StepOf<'write-files'>, input: DesiredInput): World {
  const { node, files, removed } = step;
  const rke2 = world.hosts[node?.key ?? '']?.rke2;
  const record = world.state.nodes[node?.id ?? ''];
  if (node === null || rke2 === undefined || record?.phase !== 'joined') return world;
  const read: ReadInput = {
    version: input.version,
    dataDir: world.cluster.dataDir,
    rendered: filesOf(world, node.key, input),
    touched: new Set(files.map(({ path }) => path)),
    removed,
    host: { present: rke2.files, written: readable(rke2.marker)?.written ?? {} },
    startedWith: record.startedWith,
  };
  return touchesStart(read) && readsAnew(read) ? withRecord(world, node.id, { startedWith: '' }) : world;
}

function readable(marker: HostFacts['rke2']['marker']): Marker | null {
  return marker === 'unreadable' ? null : marker;
}

function applyFiles(world: World, step: StepOf<'write-files'>, input: DesiredInput, marks = true): World {
  const key = step.node?.key ?? '';
  const contents = contentsOf(world, step, input);
  const config = contents[CONFIG_PATH];
  const forgotten = forgetStart(world, step, input);
  const machineId = world.hosts[key]?.machineId ?? '';
  const held = config === undefined ? forgotten : withMachine(forgotten, machineId, { config });
  return withFacts(held, key, (facts) => {
    const files = { ...facts.rke2.files };
    for (const { path, mode } of step.files) files[path] = { sha256: sha256(contents[path] ?? ''), mode };
    for (const path of step.removed) delete files[path];
    const marker = marks ? markWritten(facts.rke2.marker, contents, step.removed) : facts.rke2.marker;
    return { ...facts, rke2: { ...facts.rke2, files, marker } };
  });
}

/** The marker says last of all what was written. */
function markWritten(
  marker: HostFacts['rke2']['marker'],
  contents: Readonly<Record<string, string>>,
  removed: readonly string[],
): HostFacts['rke2']['marker'] {
  if (marker === null || marker === 'unreadable') return marker;
  const hashes = Object.entries(contents).map(([path, content]) => [path, sha256(content)] as const);
  const all = Object.entries({ ...marker.written, ...Object.fromEntries(hashes) });
  return { ...marker, written: Object.fromEntries(all.filter(([path]) => !removed.includes(path))) };
}

/** The first of its files only, which the marker does not say; what is to be removed stays. */
function applyHalfOfFiles(world: World, step: StepOf<'write-files'>, input: DesiredInput): World {
  return applyFiles(world, { ...step, files: step.files.slice(0, 1), removed: [] }, input, false);
}

function contentsOf(
  world: World,
  step: StepOf<'write-files'>,
  input: DesiredInput,
): Readonly<Record<string, string>> {
  const key = step.node?.key ?? '';
  const rendered = new Map(filesOf(world, key, input).map((file) => [file.path, file]));
  return Object.fromEntries(
    step.files.map(({ path, sha256: planned }) => {
      const content = rendered.get(path)?.content;
      if (content === undefined || content === null) throw new Error(`${path} of ${key} is not known yet`);
      if (planned !== null && planned !== sha256(content))
        throw new Error(`${path} of ${key} is not as planned`);
      return [path, content];
    }),
  );
}
