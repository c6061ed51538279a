import type { Service } from '../domain/role.ts';
import { toImageTag, toUrlVersion } from './version.ts';

const OFFICIAL_SCRIPT = 'https://get.rke2.io';
const CHINESE_MIRROR = 'https://rancher-mirror.rancher.cn/rke2';

/** The address of install.sh: the official one, its Chinese sister for `cn`, or below a mirror's base URL. */
export function scriptSource(mirror: string | null): string {
  if (mirror === null) return OFFICIAL_SCRIPT;
  return `${mirror === 'cn' ? CHINESE_MIRROR : mirror.replace(/\/+$/, '')}/install.sh`;
}

/** Where channels are asked for their newest version: `<base>/<channel>` redirects to the release's tag. */
export function channelBase(mirror: string | null): string {
  if (mirror === null || mirror === 'cn') return 'https://update.rke2.io/v1-release/channels';
  return `${mirror.replace(/\/+$/, '')}/v1-release/channels`;
}

export interface ScriptSettings {
  readonly version: string;
  readonly service: Service;
  readonly package: 'tar' | 'rpm';
  readonly mirror: string | null;
  readonly prefix: string | null;
}

/**
 * The `INSTALL_RKE2_*` variables for the script. The version is always exact, so that the script asks no channel; the
 * method is always named, as the script's own choice depends on the host.
 */
export function scriptEnvironment(settings: ScriptSettings): Readonly<Record<string, string>> {
  const { version, service, mirror, prefix } = settings;
  return {
    INSTALL_RKE2_VERSION: version,
    INSTALL_RKE2_TYPE: service === 'rke2-server' ? 'server' : 'agent',
    INSTALL_RKE2_METHOD: settings.package,
    ...(prefix === null ? {} : { INSTALL_RKE2_TAR_PREFIX: prefix }),
    ...(mirror === null ? {} : mirror === 'cn' ? { INSTALL_RKE2_MIRROR: 'cn' } : ownMirror(mirror)),
  };
}

function ownMirror(mirror: string): Readonly<Record<string, string>> {
  const base = mirror.replace(/\/+$/, '');
  return {
    INSTALL_RKE2_ARTIFACT_URL: `${base}/releases/download`,
    INSTALL_RKE2_CHANNEL_URL: channelBase(mirror),
  };
}

/** Where a file of a release is downloaded: from GitHub, the Chinese mirror (`cn`), or below a mirror's base URL. */
export function releaseFileUrl(mirror: string | null, version: string, name: string): string {
  if (mirror === 'cn') return `${CHINESE_MIRROR}/releases/download/${toImageTag(version)}/${name}`;
  const base = mirror === null ? 'https://github.com/rancher/rke2' : mirror.replace(/\/+$/, '');
  return `${base}/releases/download/${toUrlVersion(version)}/${name}`;
}
