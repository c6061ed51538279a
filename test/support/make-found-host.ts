import type { FoundFile, FoundHost } from '../../src/domain/found-host.ts';
import type { ApiNode } from '../../src/domain/observed.ts';
import type { Role } from '../../src/domain/role.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { mergeConfigFiles } from '../../src/rke2/merge-config-files.ts';
import { makeNode } from './make-cluster.ts';
import { makeRke2Facts, makeRunningServer } from './make-facts.ts';

const CA = 'a'.repeat(64);
const CONFIG = '/etc/rancher/rke2/config.yaml';

/** A file as it lies on a host since long before anything started. */
export function foundFile(path: string, text: string, changedAt = 1_000): FoundFile {
  return { path, text, sha256: sha256(text), changedAt };
}

export interface FoundOptions {
  readonly service?: FoundHost['service'];
  /** config.yaml, then drop-ins by name. */
  readonly config?: string;
  readonly dropIns?: Readonly<Record<string, string>>;
  readonly node?: Partial<ApiNode>;
  readonly files?: Partial<FoundHost['files']>;
  readonly roles?: readonly Role[];
  readonly facts?: Partial<FoundHost['facts']>;
  readonly host?: Partial<FoundHost>;
}

/** Host `10.0.0.<n>` of a cluster that somebody else made, with its Node `n<n>`; a server unless said otherwise. */
export function makeFoundHost(
  n: number,
  options: FoundOptions = {},
): FoundHost & { readonly node: ApiNode; readonly roles: readonly Role[] } {
  const { service = 'rke2-server', config = '', dropIns = {} } = options;
  const address = `10.0.0.${n}`;
  const isServer = service === 'rke2-server';
  const roles =
    options.roles ?? (isServer ? (['etcd', 'controlplane', 'worker'] as const) : (['worker'] as const));
  const files = [
    foundFile(CONFIG, config),
    ...Object.entries(dropIns).map(([name, text]) => foundFile(`${CONFIG}.d/${name}`, text)),
  ];
  const node: ApiNode = {
    name: `n${n}`,
    ready: true,
    reason: '',
    roles: [],
    version: 'v1.35.7+rke2r1',
    internalAddresses: [address],
    labels: {},
    taints: [],
    unschedulable: false,
    drainedByUs: false,
    etcdVoter: null,
    ...options.node,
  };
  const unit = {
    exists: true,
    active: 'active',
    enabled: true,
    path: '/usr/local/lib/systemd/system/x.service',
  };
  const off = { exists: true, active: 'inactive', enabled: false, path: null };
  const running = makeRunningServer();
  const hashes = Object.fromEntries(files.map((file) => [file.path, { sha256: file.sha256, mode: '0600' }]));
  const token = `K10${CA}::server:server-pass\n`;
  return {
    spec: makeNode(address, roles),
    facts: {
      ...running,
      hostname: `n${n}`,
      machineId: String(n).padStart(32, '0'),
      addresses: [{ interface: 'eth0', address, prefix: 24 }],
      rke2: makeRke2Facts({
        binaries: running.rke2.binaries,
        server: isServer ? unit : off,
        agent: isServer ? off : unit,
        etcdData: isServer,
        caHash: CA,
        files: hashes,
        nodes: null,
      }),
      ...options.facts,
    },
    service,
    startedAt: 2_000,
    commandLine: [],
    values: mergeConfigFiles(files).values,
    node,
    roles,
    files: {
      config: files,
      registries: null,
      environment: [],
      manifests: [],
      certificates: [],
      serverToken: isServer ? token : null,
      agentToken: isServer ? token : null,
      configuredToken: null,
      ...options.files,
    },
    ...options.host,
  };
}
