import { apparmor } from './apparmor.ts';
import { architecture } from './architecture.ts';
import { bothFamilies } from './both-families.ts';
import { cgroupControllers } from './cgroup-controllers.ts';
import type { Check } from './check.ts';
import { cidrOverlap } from './cidr-overlap.ts';
import { cisPreparation } from './cis-preparation.ts';
import { clockSkew } from './clock-skew.ts';
import { defaultRoute } from './default-route.ts';
import { diskSpace } from './disk-space.ts';
import { endpointResolves } from './endpoint-resolves.ts';
import { etcdFsync } from './etcd-fsync.ts';
import { etcdLink } from './etcd-link.ts';
import { fapolicyd } from './fapolicyd.ts';
import { foreignCluster } from './foreign-cluster.ts';
import { foreignFile } from './foreign-file.ts';
import { hostSize } from './host-size.ts';
import { inotify } from './inotify.ts';
import { internalAddress } from './internal-address.ts';
import { iptables } from './iptables.ts';
import { nameServers } from './name-servers.ts';
import { networkManager } from './network-manager.ts';
import { nmCloudSetup } from './nm-cloud-setup.ts';
import { nodeNameValid } from './node-name.ts';
import { noexec } from './noexec.ts';
import { packageKind } from './package-kind.ts';
import { portsFree } from './ports-free.ts';
import { rke1Leftovers, rke1Remains } from './rke1-leftovers.ts';
import { selinux } from './selinux.ts';
import { swap } from './swap.ts';
import { systemd } from './systemd.ts';
import { uniqueAddress } from './unique-address.ts';
import { uniqueMachineId } from './unique-machine-id.ts';
import { uniqueName } from './unique-name.ts';
import { unmanagedRke2 } from './unmanaged-rke2.ts';

/** Every check of the hosts, in the order in which its findings are told: whose host it is comes first. */
export const CHECKS: readonly Check[] = [
  foreignCluster,
  unmanagedRke2,
  foreignFile,
  uniqueMachineId,
  uniqueName,
  uniqueAddress,
  nodeNameValid,
  internalAddress,
  bothFamilies,
  architecture,
  systemd,
  packageKind,
  rke1Leftovers,
  rke1Remains,
  portsFree,
  diskSpace,
  noexec,
  clockSkew,
  defaultRoute,
  cidrOverlap,
  endpointResolves,
  cgroupControllers,
  cisPreparation,
  etcdLink,
  etcdFsync,
  hostSize,
  networkManager,
  nmCloudSetup,
  nameServers,
  iptables,
  selinux,
  apparmor,
  fapolicyd,
  swap,
  inotify,
];

/** Warnings about the numbers of nodes, which are found in the file itself, where each has its line. */
const FILE_CHECK_NAMES = ['etcd-even', 'etcd-many', 'worker-none'];

/** The port matrix, which is no look at facts but a step of the run. */
export const PORTS_CHECK_NAME = 'ports';

/** The majority of etcd, which is looked at once it is clear which servers would be restarted. */
export const QUORUM_CHECK_NAME = 'etcd-quorum';

/** Members that are only away from here may live on as a cluster, while etcd is made anew here. */
export const QUORUM_ELSEWHERE_CHECK_NAME = 'quorum-elsewhere';

/** A new encryption key that one server has before the others can read with it. */
export const SECRETS_WINDOW_CHECK_NAME = 'secrets-window';

/** The names that `--ignore-check` takes. */
export const CHECK_NAMES: readonly string[] = [
  ...CHECKS.map((check) => check.name),
  ...FILE_CHECK_NAMES,
  PORTS_CHECK_NAME,
  QUORUM_CHECK_NAME,
  QUORUM_ELSEWHERE_CHECK_NAME,
  SECRETS_WINDOW_CHECK_NAME,
];
