import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { applySet, type GroupVersionKind, gvkOf, type SetOwner } from './apply-set.ts';
import { writeFile } from './files.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { isConflict, isNotFound } from './kube-client.ts';
import { log, reasonOf } from './log.ts';
import type { ServerOptions } from './options.ts';
import { CLOUD_CHARTS } from './options.ts';
import { RELEASE } from './release.ts';

const INTERVAL_MS = 15_000;
const ADDONS = '/apis/k3s.cattle.io/v1/namespaces/kube-system/addons';
const GVKS = 'addon.k3s.cattle.io/gvks';

/** What RKE2 keeps of one manifest file, whose name up to the first dot it has. */
interface AddOn extends KubeObject {
  readonly spec?: { readonly source?: string; readonly checksum?: string };
}

/**
 * Writes the packaged charts' manifests and deploys everything in server/manifests: all of it at start, then every 15
 * seconds what has changed. A file that goes away takes nothing with it; what `disable` names goes with its objects.
 */
export function startAddOns(options: ServerOptions, kube: KubeClient): void {
  writePackagedManifests(options);
  const deployed = new Map<string, number>();
  let isFirst = true;
  const loop = async (): Promise<void> => {
    for (;;) {
      const failures = await deployAll(options, kube, { deployed, isFirst });
      if (failures.length === 0) isFirst = false;
      else log('error', `Failed to process config: ${failures.join('\n')}`);
      await sleep(INTERVAL_MS);
    }
  };
  void loop();
}

interface Progress {
  /** Times of last change, by path, as they were when the file was deployed. */
  readonly deployed: Map<string, number>;
  readonly isFirst: boolean;
}

async function deployAll(
  { paths, disabled }: ServerOptions,
  kube: KubeClient,
  { deployed, isFirst }: Progress,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) => failures.push(`failed to ${what}: ${reasonOf(error)}`));
  };
  const files = listManifests(paths.manifests);
  for (const name of disabled) {
    const path = files.find((file) => addOnName(file) === name) ?? `${name}.yaml`;
    await attempt(`delete ${path}`, () => removeAddOn(kube, name, join(paths.manifests, path)));
  }
  for (const file of files.filter((name) => !disabled.includes(addOnName(name)))) {
    const path = join(paths.manifests, file);
    await attempt(`process ${path}`, async () => {
      const changed = statSync(path).mtimeMs;
      if (!isFirst && deployed.get(path) === changed) return;
      await deployFile(kube, path, { compare: !isFirst });
      deployed.set(path, changed);
    });
  }
  return failures;
}

function writePackagedManifests(options: ServerOptions): void {
  const charts = [
    ...options.cni.filter((name) => name !== 'none').map((name) => `rke2-${name}`),
    'rke2-coredns',
    'rke2-metrics-server',
    'rke2-runtimeclasses',
    'rke2-snapshot-controller',
    ...options.ingress.map((name) => `rke2-${name}`),
    ...Object.values(CLOUD_CHARTS[options.cloudProvider] ?? {}),
  ];
  for (const chart of charts) {
    const manifest = {
      apiVersion: 'helm.cattle.io/v1',
      kind: 'HelmChart',
      metadata: { name: chart, namespace: 'kube-system' },
      spec: {
        chartContent: Buffer.from(`${chart} of ${RELEASE.version}`).toString('base64'),
        bootstrap:
          options.cni.some((name) => chart === `rke2-${name}`) ||
          chart === CLOUD_CHARTS[options.cloudProvider]?.controller,
        set: {
          'global.clusterCIDR': options.clusterCidrs.join(','),
          'global.clusterDNS': options.clusterDns.join(','),
          'global.clusterDomain': options.clusterDomain,
          'global.serviceCIDR': options.serviceCidrs.join(','),
          'global.systemDefaultRegistry': options.systemDefaultRegistry,
        },
      },
    };
    writeFile(join(options.paths.manifests, `${chart}.yaml`), `${JSON.stringify(manifest, null, 1)}\n`);
  }
}

/** Names of the files to deploy, sorted; not those with a `.skip` file beside them, and none that begin with a dot. */
function listManifests(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).sort();
  return names.filter((name) => /^[^.].*\.(yaml|yml|json)$/.test(name) && !names.includes(`${name}.skip`));
}

function addOnName(file: string): string {
  return file.split('.')[0] ?? file;
}

function ownerOf(name: string): SetOwner {
  return { apiVersion: 'k3s.cattle.io/v1', kind: 'Addon', namespace: 'kube-system', name };
}

async function deployFile(
  kube: KubeClient,
  path: string,
  { compare }: { readonly compare: boolean },
): Promise<void> {
  const name = addOnName(path.slice(path.lastIndexOf('/') + 1));
  const addOn = await ensureAddOn(kube, name, path);
  const text = readFileSync(path, 'utf8');
  const checksum = createHash('sha256').update(text).digest('hex');
  if (compare && addOn.spec?.checksum === checksum) return;
  const objects = parseObjects(text);
  await applySet(kube, ownerOf(name), objects, gvksOf(addOn));
  await kube.patch(`${ADDONS}/${name}`, {
    metadata: { annotations: { [GVKS]: [...new Set(objects.map(gvkOf))].join(';') } },
    spec: { source: path, checksum },
  });
}

/** The file's objects, and those inside its lists. */
function parseObjects(text: string): readonly KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const object = document.toJS() as (KubeObject & { readonly items?: readonly KubeObject[] }) | null;
    if (object === null) return [];
    gvkOf(object);
    return object.kind?.endsWith('List') === true && object.items !== undefined ? object.items : [object];
  });
}

async function ensureAddOn(kube: KubeClient, name: string, source: string): Promise<AddOn> {
  const path = `${ADDONS}/${name}`;
  try {
    return await kube.get<AddOn>(path);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const { apiVersion, kind, namespace } = ownerOf(name);
  await kube
    .create(ADDONS, { apiVersion, kind, metadata: { name, namespace }, spec: { source } })
    .catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  return kube.get<AddOn>(path);
}

function gvksOf(addOn: AddOn): readonly GroupVersionKind[] {
  return (addOn.metadata?.annotations?.[GVKS] ?? '').split(';').filter(Boolean);
}

/** Takes a disabled component away: its objects, its file, its AddOn. */
async function removeAddOn(kube: KubeClient, name: string, path: string): Promise<void> {
  const addOn = await kube.get<AddOn>(`${ADDONS}/${name}`).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (addOn !== undefined) {
    await applySet(kube, ownerOf(name), [], gvksOf(addOn));
    await kube.remove(`${ADDONS}/${name}`);
  }
  rmSync(path, { force: true });
}
