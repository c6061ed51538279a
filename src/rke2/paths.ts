import type { Service } from '../domain/role.ts';
import { isTtlPath } from './ttl-paths.ts';

/** RKE2's data directory unless its key `data-dir` says otherwise. */
export const DATA_DIR = '/var/lib/rancher/rke2';

/** RKE2's own config.yaml. Files in `config.yaml.d` are merged over it in the order of their names. */
export const CONFIG_PATH = '/etc/rancher/rke2/config.yaml';

/** Drop-in files beside config.yaml. */
export const CONFIG_DROPIN_DIR = '/etc/rancher/rke2/config.yaml.d';

/** Secret settings of servers (S3 keys, a datastore's URL) stand here, so that config.yaml itself holds none. */
export const SECRETS_DROPIN_PATH = `${CONFIG_DROPIN_DIR}/20-rke2ctl-secrets.yaml`;

/** Everything else that cluster.yml brings onto a node (policies, certificates) lies in this directory of ours (0700). */
export const OWN_FILES_DIR = '/etc/rancher/rke2/rke2ctl';

/** Tells the kubelets which plugin knows the passwords of a cloud's registry. */
export const CREDENTIAL_PROVIDER_PATH = `${OWN_FILES_DIR}/image-credential-provider.yaml`;

/** Where RKE2 looks for such plugins unless `image-credential-provider-bin-dir` says otherwise. */
export const CREDENTIAL_PROVIDER_DIR = '/var/lib/rancher/credentialprovider/bin';

/** Begins the name of every manifest of ours, so that none of RKE2's own is ever touched. */
export const MANIFEST_PREFIX = 'rke2ctl-';

/** Mirrors and credentials of private registries; read at start only. */
export const REGISTRIES_PATH = '/etc/rancher/rke2/registries.yaml';

/** Holds the server token, 0600; config.yaml names it as `token-file`, so that no config holds a secret. */
export const SERVER_TOKEN_PATH = '/etc/rancher/rke2/server-token';

/** Holds the agent token, 0600: on servers for `agent-token-file`, on agents for `token-file`. */
export const AGENT_TOKEN_PATH = '/etc/rancher/rke2/agent-token';

/** The admin's kubeconfig that RKE2 writes on every server; its address is 127.0.0.1:6443. */
export const KUBECONFIG_PATH = '/etc/rancher/rke2/rke2.yaml';

/** What keeps NetworkManager's hands off the interfaces of Canal and Calico. */
export const NETWORK_MANAGER_PATH = '/etc/NetworkManager/conf.d/rke2-canal.conf';

/** Kernel parameters of the CIS profile, as RKE2's hardening guide names the file. */
export const CIS_SYSCTL_PATH = '/etc/sysctl.d/60-rke2-cis.conf';

/** Limits of inotify for nodes with many pods; the file is ours. */
export const INOTIFY_SYSCTL_PATH = '/etc/sysctl.d/60-rke2ctl-inotify.conf';

/** The unit's name as systemctl and journalctl take it. */
export function unitName(service: Service): string {
  return `${service}.service`;
}

/** kubectl, crictl, ctr and containerd of the running version; not on PATH. */
export function binDir(dataDir: string = DATA_DIR): string {
  return `${dataDir}/bin`;
}

/** What was replaced by an upgrade lies here (0700) until its node is healthy with the new version; the program apart. */
export function previousDir(dataDir: string = DATA_DIR): string {
  return `${dataDir}/rke2ctl/previous`;
}

/** Names the version that lies there; written last, so that without it nothing does. */
export function previousVersionPath(dataDir: string = DATA_DIR): string {
  return `${previousDir(dataDir)}/version`;
}

/** The program of that version: beside the present one, as a second link on one file system costs nothing. */
export function previousProgram(prefix: string): string {
  return `${prefix}/bin/rke2.previous`;
}

/** Image bundles staged here are imported at every start. */
export function imagesDir(dataDir: string = DATA_DIR): string {
  return `${dataDir}/agent/images`;
}

/** What lies here RKE2 applies by itself, every 15 seconds; deleting a file deletes nothing in the cluster. */
export function manifestsDir(dataDir: string = DATA_DIR): string {
  return `${dataDir}/server/manifests`;
}

/** True for paths that only rke2ctl ever fills: its own directory, manifests that bear its name, and its timer. */
export function isOwnName(path: string, dataDir: string): boolean {
  return (
    path.startsWith(`${OWN_FILES_DIR}/`) ||
    path.startsWith(`${manifestsDir(dataDir)}/${MANIFEST_PREFIX}`) ||
    isTtlPath(path)
  );
}

/** Environment of the service; its units read it at start. */
export function environmentPath(service: Service): string {
  return `/etc/default/${service}`;
}

/** Where local snapshots of etcd lie. */
export function snapshotsDir(dataDir: string = DATA_DIR): string {
  return `${dataDir}/server/db/snapshots`;
}

/** Where a snapshot lies that is to be restored, and what is remembered of it (0700). */
export function restoreDir(dataDir: string = DATA_DIR): string {
  return `${dataDir}/server/rke2ctl-restore`;
}

/** Exists once an etcd member has been made here; from then on `server:` in config.yaml no longer joins anything. */
export function etcdNamePath(dataDir: string = DATA_DIR): string {
  return `${dataDir}/server/db/etcd/name`;
}

/** Where a server has its CAs and the certificates that they signed. */
export function tlsDir(dataDir: string = DATA_DIR): string {
  return `${dataDir}/server/tls`;
}

/** The CA whose hash a full token (`K10…`) carries: the server's own file, or the copy that an agent keeps. */
export function serverCaPath(service: Service, dataDir: string = DATA_DIR): string {
  return service === 'rke2-server' ? `${dataDir}/server/tls/server-ca.crt` : `${dataDir}/agent/server-ca.crt`;
}

/** Where the tarball goes by itself, and where when that is read-only or a mount point. */
export const PREFIXES = ['/usr/local', '/opt/rke2'] as const;

/** Where RKE2's packages put their files. */
export const RPM_PREFIX = '/usr';

/** Every place where an `rke2` may have landed, the likeliest first. `own` is a prefix that the file names. */
export function binaryCandidates(own: string | null = null): readonly string[] {
  const prefixes = new Set([...(own === null ? [] : [own]), ...PREFIXES, RPM_PREFIX]);
  return [...prefixes].map((prefix) => `${prefix}/bin/rke2`);
}
