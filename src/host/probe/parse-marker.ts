import type { ArtifactRef, FirewallRecord, InstalledRecord, Marker } from '../../domain/marker.ts';
import { ROLES, type Role } from '../../domain/role.ts';
import { DATA_DIR } from '../../rke2/paths.ts';
import { isRecord } from './is-record.ts';
import { isTextRecord } from './is-text-record.ts';
import { isTexts } from './is-texts.ts';

/**
 * Our marker from its text; `unreadable` when it is damaged or of another format than this rke2ctl knows. Looked through by
 * hand: every host has one, and a schema takes ten times as long.
 */
export function parseMarker(text: string): Marker | 'unreadable' {
  try {
    return readMarker(JSON.parse(text)) ?? 'unreadable';
  } catch {
    return 'unreadable';
  }
}

function readMarker(value: unknown): Marker | null {
  if (!isRecord(value) || value['schemaVersion'] !== 1) return null;
  const { clusterId, clusterName, nodeId, machineId, name, roles, version, files, written } =
    value as Fields<Marker>;
  // Markers of the first releases do not say it.
  const dataDir = value['dataDir'] ?? DATA_DIR;
  const installed = readInstalled(value['installed']);
  const firewall = readFirewall(value['firewall']);
  if (typeof clusterId !== 'string' || clusterId === '' || typeof clusterName !== 'string') return null;
  if (typeof nodeId !== 'string' || nodeId === '' || typeof machineId !== 'string') return null;
  if (typeof name !== 'string' || typeof version !== 'string' || typeof dataDir !== 'string') return null;
  if (!areRoles(roles) || !isTexts(files) || (written !== undefined && !isTextRecord(written))) return null;
  if (installed === undefined || firewall === undefined) return null;
  return {
    schemaVersion: 1,
    clusterId,
    clusterName,
    nodeId,
    machineId,
    name,
    roles,
    version,
    installed,
    dataDir,
    files,
    ...(written === undefined ? {} : { written }),
    firewall,
  };
}

/** The same names, and nothing known of what they stand for. */
type Fields<T> = { readonly [Name in keyof T]?: unknown };

function areRoles(value: unknown): value is readonly Role[] {
  return isTexts(value) && value.every((role) => (ROLES as readonly string[]).includes(role));
}

/** Undefined where it is none. */
function readInstalled(value: unknown): InstalledRecord | null | undefined {
  if (value === null) return null;
  if (!isRecord(value)) return undefined;
  const { method, package: kind, prefix, images } = value as Fields<InstalledRecord>;
  if (method !== 'airgap' && method !== 'script') return undefined;
  if (kind !== 'tar' && kind !== 'rpm') return undefined;
  if (typeof prefix !== 'string' || !Array.isArray(images) || !images.every(isArtifact)) return undefined;
  return {
    method,
    package: kind,
    prefix,
    images: images.map(({ name, sha256, sizeBytes }: ArtifactRef) => ({ name, sha256, sizeBytes })),
  };
}

function isArtifact(value: unknown): value is ArtifactRef {
  if (!isRecord(value)) return false;
  const { name, sha256, sizeBytes } = value as Fields<ArtifactRef>;
  return typeof name === 'string' && typeof sha256 === 'string' && Number.isFinite(sizeBytes);
}

/** Undefined where it is none. */
function readFirewall(value: unknown): FirewallRecord | null | undefined {
  if (value === null) return null;
  if (!isRecord(value)) return undefined;
  const { zone, ports, richRules, trustedSources, ipsets } = value as Fields<FirewallRecord>;
  if (typeof zone !== 'string' || !isTexts(ports) || !isTexts(richRules)) return undefined;
  if (!isTexts(trustedSources) || !isRecord(ipsets) || !areLists(ipsets)) return undefined;
  return { zone, ports, richRules, trustedSources, ipsets };
}

function areLists(
  value: Readonly<Record<string, unknown>>,
): value is Readonly<Record<string, readonly string[]>> {
  return Object.values(value).every(isTexts);
}
