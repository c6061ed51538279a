import { releaseUnknown, wrongRelease } from '../artifacts/artifact-errors.ts';
import type { Inventory } from '../artifacts/inventory.ts';
import { type Selection, selectArtifacts } from '../artifacts/select-artifacts.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { factsOf } from '../render/desired-node.ts';
import { parseVersion } from '../rke2/version.ts';

export interface FileChoice {
  readonly version: string;
  /** By architecture of the hosts; what is missing has not been complained of yet. */
  readonly selections: ReadonlyMap<string, Selection>;
}

/** Settles the version (file, else state, else what the release says of itself) and which files hosts need. ArtifactError when it is another release, or none can be told. */
export function chooseFiles(
  { cluster, state, observed }: { cluster: Cluster; state: State; observed: Observed },
  inventory: Inventory,
): FileChoice {
  const archs = hostArchs(cluster, observed).filter((arch) => inventory.archs[arch] !== undefined);
  const version = chooseVersion(cluster, state, inventory, archs);
  return {
    version,
    selections: new Map(archs.map((arch) => [arch, select(cluster, inventory, arch, version)])),
  };
}

/** The architectures of the hosts that were reached. */
export function hostArchs(cluster: Cluster, observed: Observed): readonly string[] {
  return [...new Set(cluster.nodes.flatMap((node) => factsOf(observed, node.key)?.arch ?? []))];
}

function chooseVersion(
  cluster: Cluster,
  state: State,
  inventory: Inventory,
  archs: readonly string[],
): string {
  const found = archs.flatMap((arch) => inventory.archs[arch]?.version ?? []);
  const wanted = cluster.version ?? state.version ?? found[0] ?? null;
  if (wanted === null) throw releaseUnknown(inventory.directory);
  const other = found.find((version) => version !== wanted);
  if (other !== undefined) throw wrongRelease(inventory.directory, other, wanted);
  return wanted;
}

function select(cluster: Cluster, inventory: Inventory, arch: string, version: string): Selection {
  const parsed = parseVersion(version);
  if (parsed === null) throw new Error(`${version} is no RKE2 version`);
  const provider = cluster.rke2.server['cloud-provider-name'];
  return selectArtifacts({
    inventory,
    arch,
    version: parsed,
    cni: cluster.network.cni,
    ingress: cluster.ingress,
    cloudProvider: provider === undefined ? null : String(provider),
    registrySupplies: cluster.registries.systemDefault !== null,
  });
}
