import { homedir } from 'node:os';
import { join } from 'node:path';
import { fetchAddon } from '../artifacts/fetch-addon.ts';
import { cacheFolder } from '../artifacts/file-cache.ts';
import { openTextCache } from '../artifacts/text-cache.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { State } from '../domain/state.ts';
import { splitCredentials } from '../lib/url-credentials.ts';
import type { AddonTexts } from '../render/manifests.ts';

export interface FetchAddonsInput {
  readonly cluster: Cluster;
  readonly state: State;
  /** `--update-addons`: fetch anew what is pinned. */
  readonly update: boolean;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 60_000;

/** The texts of all addons that stand at a URL, by name: fetched once, then what the state has pinned. */
export async function fetchAddons({ cluster, state, update, signal }: FetchAddonsInput): Promise<AddonTexts> {
  const cache = openTextCache(join(cacheFolder(process.env, homedir()), 'addons'));
  const entries = cluster.addons.map(async ({ name, source }): Promise<[string, string][]> => {
    if (!('url' in source)) return [];
    const record = state.addons[name];
    const isSame = record !== undefined && record.url === splitCredentials(source.url).url;
    const pin = isSame ? record.sha256 : null;
    const request = { name, url: source.url, pin, update, cache, signal };
    return [[name, await fetchAddon({ ...request, timeoutMs: TIMEOUT_MS, env: process.env })]];
  });
  return Object.fromEntries((await Promise.all(entries)).flat());
}
