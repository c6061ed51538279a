import type { Cluster, ClusterNode, NodeFile } from '../domain/cluster.ts';
import { Secret } from '../domain/secret.ts';
import type { State } from '../domain/state.ts';
import { ttlSecondsOf } from '../domain/time-to-live.ts';
import { remember } from '../lib/remember.ts';
import {
  AGENT_TOKEN_PATH,
  CONFIG_PATH,
  environmentPath,
  REGISTRIES_PATH,
  SECRETS_DROPIN_PATH,
  SERVER_TOKEN_PATH,
} from '../rke2/paths.ts';
import { isServer, serviceOf } from '../rke2/roles.ts';
import { TTL_BEGUN_PATH, TTL_PATHS } from '../rke2/ttl-paths.ts';
import {
  type ConfigInput,
  JOIN_DROPIN_PATH,
  renderConfigYaml,
  renderSecretsDropIn,
  renderStartConfig,
} from './config-yaml.ts';
import { renderEnvironmentFile } from './environment-file.ts';
import { type AddonTexts, manifestPath, renderManifests } from './manifests.ts';
import { renderRegistriesYaml } from './registries-yaml.ts';
import type { RenderedFile } from './rendered-file.ts';
import { renderTokenFiles } from './token-files.ts';
import { renderTtlFiles } from './ttl-files.ts';

export interface NodeFilesInput {
  readonly config: ConfigInput;
  readonly bootstraps: boolean;
  /** It bootstraps, and has not done so yet. */
  readonly founds: boolean;
  readonly state: State;
  readonly addonTexts: AddonTexts;
}

/** Every file of ours on a node, config.yaml first. */
export function renderNodeFiles({
  config,
  bootstraps,
  founds,
  state,
  addonTexts,
}: NodeFilesInput): readonly RenderedFile[] {
  const { cluster, spec } = config;
  return [
    { ...file(CONFIG_PATH, renderConfigYaml(config)), startContent: renderStartConfig(config) },
    ...renderTokenFiles(spec.roles, bootstraps, state),
    ...clusterFiles(cluster, spec, addonTexts),
    ...(ttlSecondsOf(cluster, state.desired) === null ? [] : renderTtlFiles()),
    ...(founds ? foundingFiles(cluster) : []),
  ];
}

/** The paths of all files that a node has for good; no more than the cluster need be known for it. */
export function nodeFilePaths(cluster: Cluster, spec: ClusterNode): readonly string[] {
  const tokens = isServer(spec.roles) ? [SERVER_TOKEN_PATH, AGENT_TOKEN_PATH] : [AGENT_TOKEN_PATH];
  return [CONFIG_PATH, ...tokens, ...clusterFiles(cluster, spec, NO_TEXTS).map(({ path }) => path)];
}

/** Whose hash and mode is asked of a host: what it must have, and what it may have had in earlier times. */
export function probedFiles(cluster: Cluster, spec: ClusterNode): readonly string[] {
  return [
    ...new Set([
      ...nodeFilePaths(cluster, spec),
      ...[JOIN_DROPIN_PATH, SECRETS_DROPIN_PATH, REGISTRIES_PATH, SERVER_TOKEN_PATH, AGENT_TOKEN_PATH],
      ...[environmentPath('rke2-server'), environmentPath('rke2-agent')],
      ...[...TTL_PATHS, TTL_BEGUN_PATH],
    ]),
  ];
}

const NO_TEXTS: AddonTexts = {};

/** What the cluster's settings bring beside config.yaml and tokens: the same for all nodes of the same roles. */
function clusterFiles(cluster: Cluster, { roles }: ClusterNode, texts: AddonTexts): readonly RenderedFile[] {
  const byRoles = filesByRoles(cluster, texts);
  const key = roles.join();
  const known = byRoles.get(key);
  if (known !== undefined) return known;
  const files = makeClusterFiles(cluster, roles, texts);
  byRoles.set(key, files);
  return files;
}

const filesByRoles = remember(
  (_cluster: Cluster, _texts: AddonTexts) => new Map<string, readonly RenderedFile[]>(),
);

function makeClusterFiles(
  cluster: Cluster,
  roles: ClusterNode['roles'],
  texts: AddonTexts,
): readonly RenderedFile[] {
  const secrets = isServer(roles) ? renderSecretsDropIn(cluster.rke2.secrets) : null;
  const registries = renderRegistriesYaml(cluster.registries);
  const environment = renderEnvironmentFile(cluster.environment);
  const hasPassword = Object.values(cluster.registries.configs).some(({ auth }) => auth !== null);
  const hasSecret = Object.values(cluster.environment).some((value) => value instanceof Secret);
  return [
    ...(secrets === null ? [] : [file(SECRETS_DROPIN_PATH, secrets, true)]),
    ...(registries === null ? [] : [file(REGISTRIES_PATH, registries, hasPassword)]),
    ...(environment === null ? [] : [file(environmentPath(serviceOf(roles)), environment, hasSecret)]),
    ...cluster.files.filter(({ on }) => isMeant(on, isServer(roles))).map(textFile),
    ...(roles.includes('controlplane') ? manifestFiles(cluster, texts) : []),
  ];
}

/** The CAs, where the cluster's file brings them: RKE2 goes on from what it finds at its first start. */
function foundingFiles({ files }: Cluster): readonly RenderedFile[] {
  return files
    .filter(({ on }) => on === 'founder')
    .map((each) => ({ ...textFile(each), readAtStart: false, founding: true }));
}

function isMeant(on: NodeFile['on'], server: boolean): boolean {
  return on === 'all' || on === (server ? 'servers' : 'agents');
}

function textFile({ path, content }: NodeFile): RenderedFile {
  return content instanceof Secret ? file(path, content.reveal(), true) : file(path, content);
}

/** RKE2's deploy controller sees by itself that they changed. */
function manifestFiles(cluster: Cluster, texts: AddonTexts): readonly RenderedFile[] {
  return renderManifests(cluster, texts).map(({ name, content }) => ({
    path: manifestPath(cluster.dataDir, name),
    mode: '0600',
    content,
    secret: content !== null && /^\s*kind:\s*["']?Secret["']?\s*$/m.test(content),
    readAtStart: false,
  }));
}

function file(path: string, content: string, secret = false): RenderedFile {
  return { path, mode: '0600', content, secret, readAtStart: true };
}
