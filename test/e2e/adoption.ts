import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Marker } from '../../src/domain/marker.ts';
import { MARKER_PATH } from '../../src/domain/marker.ts';
import type { Lab, LabHost } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { makeProject, type Project } from './project.ts';

const CUT_HOOK = new URL('cut-at-act.mjs', import.meta.url).href;

/** A running cluster that is nobody's, about to be taken over from a folder of its own. */
export interface Adoption {
  readonly project: Project;
  readonly hosts: readonly LabHost[];
  /** The words of the command that takes it over from here. */
  readonly command: readonly string[];
}

/** A folder called `name`. The hosts are named by flags, or with `byFile` in a cluster.yml that knows no more of them. */
export async function beginAdoption(
  lab: Lab,
  name: string,
  hosts: readonly LabHost[],
  byFile: boolean,
): Promise<Adoption> {
  const project = await makeProject(lab, name);
  const [first] = hosts;
  if (first === undefined) throw new Error('an adoption of no hosts');
  if (!byFile) {
    const words = hosts.map(({ user, address }) => `${user}@${address}`).join(',');
    const command = ['adopt', '--hosts', words, '--ssh-key', first.keyPath, '--name', 'taken'];
    return { project, hosts, command };
  }
  const nodes = hosts.map(({ address, user }) => ({ address, user }));
  const file = { cluster_name: 'taken', ssh_key_path: first.keyPath, nodes };
  await writeFile(project.path('cluster.yml'), stringify(file));
  return { project, hosts, command: ['adopt'] };
}

/** The acts on this machine's files at which adoptions were killed so far, as `cut-at-act.mjs` calls them. */
export interface Acts {
  readonly file: string;
  /** Which share of all acts is taken, 0…1, by the seed. */
  readonly share: number;
  readonly seed: string;
}

/** The acts met so far, the last one last. */
export async function metActs({ file }: Acts): Promise<readonly string[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.filter((line) => line !== '');
}

/** Lets the adoption go on, from wherever it is, until the next act that is to be met; false when it came to its end. */
export async function adoptUntilAct({ project, command }: Adoption, acts: Acts): Promise<boolean> {
  const before = (await metActs(acts)).length;
  const hook: Readonly<Record<string, string>> = {
    NODE_OPTIONS: `--import=${CUT_HOOK}`,
    RKE2CTL_TEST_CUTS: acts.file,
    RKE2CTL_TEST_CUT_SHARE: String(acts.share),
    RKE2CTL_TEST_SEED: acts.seed,
  };
  Object.assign(project.environment, hook);
  const result = await project.rke2ctl(...command);
  for (const word of Object.keys(hook)) delete project.environment[word];
  if ((await metActs(acts)).length > before) return true;
  expectExit(result);
  return false;
}

/** True when `up` is to end the adoption, as `adopt` says itself when it finds a state. */
export async function isRecorded({ project }: Adoption): Promise<boolean> {
  return stat(project.path('cluster.rkestate')).then(
    () => true,
    () => false,
  );
}

/** Brings a killed adoption to its end as its person would: by `adopt` once more, or by `up` when there is a state. */
export async function endAdoption(adoption: Adoption): Promise<void> {
  const command = (await isRecorded(adoption)) ? ['up'] : adoption.command;
  expectExit(await adoption.project.rke2ctl(...command));
}

/** The ids of the cluster by the state, by its copy in the cluster, and by every host's marker: one, when all is well. */
export async function clusterIds({ project, hosts }: Adoption): Promise<ReadonlySet<string>> {
  const { clusterId } = JSON.parse(await project.read('cluster.rkestate')) as { readonly clusterId: string };
  const copy = expectExit(
    await project.kubectl('-n', 'kube-system', 'get', 'secret', 'rke2ctl-state', '-o', 'json'),
  );
  const { data } = JSON.parse(copy.stdout) as { readonly data: Readonly<Record<string, string>> };
  const texts = Object.values(data).map((text) => Buffer.from(text, 'base64').toString());
  const markers = await Promise.all(
    hosts.map(async ({ root }) => JSON.parse(await readFile(join(root, MARKER_PATH), 'utf8')) as Marker),
  );
  const found = texts.some((text) => text.includes(clusterId)) ? clusterId : 'the copy is of another one';
  return new Set([clusterId, found, ...markers.map((marker) => marker.clusterId)]);
}

/** Half-written files that a killed run left in the folder and that nobody has taken away since. */
export async function leftovers({ project }: Adoption): Promise<readonly string[]> {
  const names = await readdir(project.directory, { recursive: true });
  return names.filter((name) => name.endsWith('.tmp'));
}
