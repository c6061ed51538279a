import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, openFileCache } from '../../artifacts/file-cache.ts';
import { readInventory } from '../../artifacts/inventory.ts';
import { openTextCache } from '../../artifacts/text-cache.ts';
import type { Cluster } from '../../domain/cluster.ts';
import type { HostObservation, Observed } from '../../domain/observed.ts';
import type { State } from '../../domain/state.ts';
import { chooseBootstrap } from '../../plan/choose-bootstrap.ts';
import type { DesiredInput } from '../../render/desired-node.ts';
import type { AddonTexts } from '../../render/manifests.ts';
import { NEWEST_RELEASE } from '../../rke2/known-releases.ts';
import { createState } from '../../state/create-state.ts';
import { recordOf } from '../nodes/find-node.ts';
import { assumeFacts } from './assumed-facts.ts';

/** What nodes are rendered from when nobody is asked, and what is therefore not quite certain. */
export interface AssumedInput {
  readonly input: DesiredInput;
  /** Sentences for the person. */
  readonly notes: readonly string[];
}

/** Takes file, state, artifacts and caches at their word; uses no network. */
export async function assumeInput(cluster: Cluster, stored: State | null): Promise<AssumedInput> {
  const state = stored ?? createState(cluster.name, randomBytes);
  const hosts = cluster.nodes.map((node): [string, HostObservation] => [
    node.key,
    { reachable: true, facts: assumeFacts(node, recordOf(stored, node)) },
  ]);
  const observed: Observed = { hosts: Object.fromEntries(hosts) };
  const version = cluster.version ?? state.version ?? (await versionOfArtifacts(cluster));
  const addonTexts = await recallAddons(cluster, state);
  const unread = cluster.addons.filter(
    ({ name, source }) => 'url' in source && addonTexts[name] === undefined,
  );
  return {
    input: {
      cluster,
      observed,
      state,
      version: version ?? NEWEST_RELEASE,
      bootstrapKey: chooseBootstrap(cluster, observed, state),
      artifacts: {},
      addonTexts,
    },
    notes: [
      ...(version === null
        ? [`Neither file nor state says which version it will be: this is as for ${NEWEST_RELEASE}.`]
        : []),
      ...unread.map(
        ({ name }) => `The addon ${name} has not been fetched yet: \`up\` does it, and \`render --refresh\`.`,
      ),
    ],
  };
}

/** What the directory of artifacts holds; null when there is none, or nothing there tells. */
export async function versionOfArtifacts(cluster: Cluster): Promise<string | null> {
  const { artifacts, method } = cluster.install;
  if (method !== 'airgap' || artifacts === null || artifacts.includes('://')) return null;
  const inventory = await readInventory(artifacts, openFileCache(cacheFolder(process.env, homedir())));
  return Object.values(inventory.archs).find(({ version }) => version !== null)?.version ?? null;
}

/** The texts of addons at URLs, as far as earlier runs have kept what the state has pinned. */
async function recallAddons(cluster: Cluster, state: State): Promise<AddonTexts> {
  const cache = openTextCache(join(cacheFolder(process.env, homedir()), 'addons'));
  const found = cluster.addons.map(async ({ name, source }): Promise<[string, string][]> => {
    const pin = 'url' in source ? state.addons[name]?.sha256 : undefined;
    const text = pin === undefined ? null : await cache.read(pin);
    return text === null ? [] : [[name, text]];
  });
  return Object.fromEntries((await Promise.all(found)).flat());
}
