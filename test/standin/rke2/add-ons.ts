import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { writeFile } from './files.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { isConflict, isNotFound, KubeError } from './kube-client.ts';
import { info, reasonOf, warn } from './log.ts';
import type { ServerOptions } from './options.ts';

const INTERVAL_MS = 15_000;
const ADDONS = '/apis/k3s.cattle.io/v1/namespaces/kube-system/addons';
const CLUSTER_SCOPED = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'StorageClass',
  'PriorityClass',
  'ETCDSnapshotFile',
]);

/** Writes the packaged charts' manifests and applies everything in server/manifests every 15 seconds. */
export function startAddOns(options: ServerOptions, kube: KubeClient): void {
  writePackagedManifests(options);
  const applied = new Map<string, string>();
  const loop = async (): Promise<void> => {
    for (;;) {
      for (const file of listManifests(options.paths.manifests)) {
        await applyFile(kube, join(options.paths.manifests, file), applied).catch((error: unknown) =>
          warn(
            `Failed to process config: failed to process ${join(options.paths.manifests, file)}: ${reasonOf(error)}`,
          ),
        );
      }
      await sleep(INTERVAL_MS);
    }
  };
  void loop();
}

function writePackagedManifests(options: ServerOptions): void {
  const charts = [
    ...options.cni.filter((name) => name !== 'none').map((name) => `rke2-${name}`),
    'rke2-coredns',
    'rke2-metrics-server',
    'rke2-runtimeclasses',
    'rke2-snapshot-controller',
    ...options.ingress.map((name) => `rke2-${name}`),
  ];
  for (const chart of charts) {
    const path = join(options.paths.manifests, `${chart}.yaml`);
    if (options.disabled.includes(chart)) {
      rmSync(path, { force: true });
      continue;
    }
    const manifest = {
      apiVersion: 'helm.cattle.io/v1',
      kind: 'HelmChart',
      metadata: { name: chart, namespace: 'kube-system' },
      spec: {
        bootstrap: options.cni.some((name) => chart === `rke2-${name}`),
        set: {
          'global.clusterCIDR': options.clusterCidrs.join(','),
          'global.clusterDNS': options.clusterDns.join(','),
          'global.clusterDomain': options.clusterDomain,
          'global.serviceCIDR': options.serviceCidrs.join(','),
          'global.systemDefaultRegistry': options.systemDefaultRegistry,
        },
      },
    };
    writeFile(path, `${JSON.stringify(manifest, null, 1)}\n`);
  }
}

function listManifests(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).sort();
  return names.filter((name) => /\.(yaml|yml|json)$/.test(name) && !names.includes(`${name}.skip`));
}

async function applyFile(kube: KubeClient, path: string, applied: Map<string, string>): Promise<void> {
  const text = readFileSync(path, 'utf8');
  const checksum = createHash('sha256').update(text).digest('hex');
  if (applied.get(path) === checksum) return;
  const name = (path.split('/').at(-1) ?? '').split('.')[0] ?? '';
  for (const document of parseAllDocuments(text)) {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const object = document.toJS() as KubeObject | null;
    if (object !== null) await applyObject(kube, object);
  }
  await applyObject(kube, {
    apiVersion: 'k3s.cattle.io/v1',
    kind: 'Addon',
    metadata: { name, namespace: 'kube-system' },
    spec: { source: path, checksum },
  } as KubeObject);
  applied.set(path, checksum);
  info(`Applied manifest at "${path}"`);
}

async function applyObject(kube: KubeClient, object: KubeObject): Promise<void> {
  const collection = collectionPath(object);
  const path = `${collection}/${object.metadata?.name}`;
  try {
    await kube.get(path);
    await kube.patch(path, object);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await kube.create(collection, object).catch((failure: unknown) => {
      if (!isConflict(failure)) throw failure;
    });
  }
}

function collectionPath(object: KubeObject): string {
  const { apiVersion = '', kind = '', metadata } = object;
  if (apiVersion === '' || kind === '') throw new KubeError(400, "Object 'Kind' is missing");
  if (apiVersion === 'k3s.cattle.io/v1' && kind === 'Addon') return ADDONS;
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = CLUSTER_SCOPED.has(kind) ? '' : `/namespaces/${metadata?.namespace ?? 'default'}`;
  return `${base}${namespace}/${pluralOf(kind)}`;
}

function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (/(s|x|ch|sh)$/.test(name)) return `${name}es`;
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}
