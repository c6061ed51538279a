import { registryCertificates } from '../../config/adopt/draft-registries.ts';
import type { ClusterNode, Rke2Values } from '../../domain/cluster.ts';
import { AdoptError } from '../../domain/errors.ts';
import type { FoundFile, FoundHost } from '../../domain/found-host.ts';
import type { HostFacts, Observed } from '../../domain/observed.ts';
import type { Service } from '../../domain/role.ts';
import { type Rke2Config, readRke2Config, readRke2Data } from '../../host/read-rke2-config.ts';
import { factsOf } from '../../render/desired-node.ts';
import { mergeConfigFiles, sortConfigFiles } from '../../rke2/merge-config-files.ts';
import { PACKAGED_CHARTS } from '../../rke2/packaged-charts.ts';
import { CONFIG_PATH, DATA_DIR, MANIFEST_PREFIX, manifestsDir, REGISTRIES_PATH } from '../../rke2/paths.ts';
import type { Workspace } from '../workspace.ts';

/** Settings, tokens and manifests of every reached host. Throws AdoptError for files that no RKE2 could have read. */
export async function readFoundHosts(
  workspace: Workspace,
  observed: Observed,
): Promise<readonly FoundHost[]> {
  const reading = workspace.cluster.nodes.map(async (spec) => {
    const facts = factsOf(observed, spec.key);
    return facts === null ? [] : [await readOne(workspace, spec, facts)];
  });
  return (await Promise.all(reading)).flat();
}

async function readOne(workspace: Workspace, spec: ClusterNode, facts: HostFacts): Promise<FoundHost> {
  const host = workspace.sessions.get(spec.key);
  const call = { signal: workspace.signals.stop };
  const found = await readRke2Config(host, call);
  const config = sortConfigFiles(found.files, CONFIG_PATH) as readonly FoundFile[];
  const { values, mistakes } = mergeConfigFiles(config);
  if (mistakes.length > 0) throw brokenConfig(spec, mistakes);
  const service = serviceOn(facts);
  const dataDir = dataDirOf(values);
  const registriesPath = text(values['private-registry']) ?? REGISTRIES_PATH;
  const tokenPath = text(values['token-file']);
  const first = await readRke2Data(
    host,
    dataDir,
    [registriesPath, ...(tokenPath === null ? [] : [tokenPath])],
    call,
  );
  const at = (path: string | null) => first.find((file) => file.path === path) ?? null;
  const registries = at(registriesPath);
  const certificates =
    registries === null
      ? []
      : await readRke2Data(host, '/nonexistent', registryCertificates(registries.text), call);
  const unit = found.units[service];
  return {
    spec,
    facts,
    service,
    startedAt: unit?.startedAt ?? null,
    commandLine: unit?.args ?? [],
    values,
    files: {
      config,
      registries,
      environment: environmentFiles(found, service),
      manifests: ownManifests(first, dataDir),
      certificates,
      serverToken: at(`${dataDir}/server/token`)?.text ?? null,
      agentToken: at(`${dataDir}/server/agent-token`)?.text ?? null,
      configuredToken: text(values['token']) ?? at(tokenPath)?.text ?? null,
    },
  };
}

/** RKE2's data directory as these settings have it. */
export function dataDirOf(values: Rke2Values): string {
  return (text(values['data-dir']) ?? DATA_DIR).replace(/\/+$/, '');
}

/** A release brings both units to every host: the one that runs, or was last tried, is meant. */
function serviceOn({ rke2 }: HostFacts): Service {
  if (rke2.server.active === 'active') return 'rke2-server';
  if (rke2.agent.active === 'active') return 'rke2-agent';
  if (rke2.agent.enabled || rke2.agent.active !== 'inactive') return 'rke2-agent';
  return 'rke2-server';
}

/** Files in which anything stands beside comments and what RKE2's packages put there themselves. */
function environmentFiles({ files }: Rke2Config, service: Service): readonly FoundFile[] {
  return files.filter(({ path, text: content }) => {
    if (!path.endsWith(`/${service}`) || path.startsWith('/etc/rancher/')) return false;
    return content
      .split('\n')
      .map((line) => line.trim())
      .some((line) => line !== '' && !line.startsWith('#') && !/^(HOME|RKE2_SELINUX)=/.test(line));
  });
}

/** Manifests that are neither RKE2's own nor rke2ctl's, nor switched off by a file beside them. */
function ownManifests(files: readonly FoundFile[], dataDir: string): readonly FoundFile[] {
  const folder = `${manifestsDir(dataDir)}/`;
  const inside = files.filter(({ path }) => path.startsWith(folder));
  const skipped = new Set(inside.filter(({ path }) => path.endsWith('.skip')).map(({ path }) => path));
  return inside.filter(({ path, text: content }) => {
    const name = path.slice(folder.length);
    if (!/\.(ya?ml|json)$/.test(name) || skipped.has(`${path}.skip`)) return false;
    if (name.startsWith(MANIFEST_PREFIX) || content.trim() === '') return false;
    const isPackaged = Object.hasOwn(PACKAGED_CHARTS, name.replace(/\.ya?ml$/, ''));
    return !isPackaged && !/^\s*"?helm\.cattle\.io\/chart-url"?:/m.test(content);
  });
}

function text(value: Rke2Values[string] | undefined): string | null {
  if (value === undefined || Array.isArray(value)) return null;
  const written = String(value).trim();
  return written === '' ? null : written;
}

function brokenConfig(spec: ClusterNode, mistakes: readonly string[]): AdoptError {
  return new AdoptError(
    mistakes.map((message) => ({
      severity: 'error',
      code: 'adopt-config-broken',
      node: spec.address,
      message,
      hint: 'RKE2 would not start with it. Mend it on the host, and restart the service so that it is tried.',
    })),
  );
}
