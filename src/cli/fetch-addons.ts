import { homedir } from 'node:os';
import { join } from 'node:path';
import { fetchAddon } from '../artifacts/fetch-addon.ts';
import { cacheFolder } from '../artifacts/file-cache.ts';
import { openTextCache } from '../artifacts/text-cache.ts';
import type { Cluster, NodeKey } from '../domain/cluster.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { readFile } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { splitCredentials } from '../lib/url-credentials.ts';
import { factsOf } from '../render/desired-node.ts';
import { type AddonTexts, manifestPath } from '../render/manifests.ts';

export interface FetchAddonsInput {
  readonly cluster: Cluster;
  readonly state: State;
  readonly observed: Observed;
  /** A connected host. */
  readonly host: (key: NodeKey) => Host;
  /** `--update-addons`: fetch anew what is pinned. */
  readonly update: boolean;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 60_000;

/** Of the cache and of a node alike: as much as is ever fetched. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The texts of all addons that stand at a URL, by name: fetched once, then what the state has pinned. */
export async function fetchAddons(input: FetchAddonsInput): Promise<AddonTexts> {
  const { cluster, state, update, signal } = input;
  const cache = openTextCache(join(cacheFolder(process.env, homedir()), 'addons'));
  const entries = cluster.addons.map(async ({ name, source }): Promise<[string, string][]> => {
    if (!('url' in source)) return [];
    const record = state.addons[name];
    const isSame = record !== undefined && record.url === splitCredentials(source.url).url;
    const pin = isSame ? record.sha256 : null;
    const recall = () => readFromNode(input, name, pin);
    const request = { name, url: source.url, pin, update, cache, recall, signal };
    return [[name, await fetchAddon({ ...request, timeoutMs: TIMEOUT_MS, env: process.env })]];
  });
  return Object.fromEntries((await Promise.all(entries)).flat());
}

/** A control plane that has the pinned text gives it back: whoever runs rke2ctl elsewhere needs no network for it. */
async function readFromNode(
  { cluster, observed, host, signal }: FetchAddonsInput,
  name: string,
  pin: string | null,
): Promise<string | null> {
  const path = manifestPath(cluster.dataDir, name);
  const holder = cluster.nodes.find(({ key }) => factsOf(observed, key)?.rke2.files[path]?.sha256 === pin);
  if (pin === null || holder === undefined) return null;
  return readFile(host(holder.key), path, { maxBytes: MAX_BYTES, signal });
}
