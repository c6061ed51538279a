import { z } from 'zod';
import type { Cluster, SshAuth } from '../domain/cluster.ts';

/*
 * The desired cluster as it lies in a state file: exactly domain/cluster.ts, with null where a secret was. This is the
 * shape that we wrote, not the one that people write, so it is strict and its words are few.
 */

const PortSchema = z.int().min(1).max(65_535);
const TextsSchema = z.array(z.string());

/** A node's roles, as in the domain. */
export const RolesSchema = z.array(z.enum(['etcd', 'controlplane', 'worker']));

const AuthSchema: z.ZodType<SshAuth> = z.strictObject({
  key: z.null(),
  keyPaths: TextsSchema,
  keyPathsAreDefaults: z.boolean(),
  certificate: z.string().nullable(),
  certificatePath: z.string().nullable(),
  agent: z.enum(['required', 'auto']),
});

const BastionSchema = z.strictObject({
  address: z.string(),
  port: PortSchema,
  user: z.string(),
  auth: AuthSchema,
});

const TaintSchema = z.strictObject({
  key: z.string(),
  value: z.string(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
});

const NodeSchema = z.strictObject({
  key: z.string(),
  address: z.string(),
  port: PortSchema,
  internalAddress: z.string().nullable(),
  name: z.string().nullable(),
  user: z.string(),
  roles: RolesSchema,
  auth: AuthSchema,
  bastions: z.array(BastionSchema),
  labels: z.record(z.string(), z.string()),
  taints: z.array(TaintSchema),
});

const InstallSchema = z.strictObject({
  method: z.enum(['airgap', 'script']),
  artifacts: z.string().nullable(),
  channel: z.string(),
  package: z.enum(['tar', 'rpm']),
  mirror: z.string().nullable(),
  script: z.string().nullable(),
  fetch: z.enum(['host', 'operator']),
  prefix: z.string().nullable(),
});

const NetworkSchema = z.strictObject({
  cni: z.array(z.enum(['canal', 'calico', 'cilium', 'flannel', 'multus', 'none'])),
  clusterCidr: TextsSchema,
  serviceCidr: TextsSchema,
  clusterDns: TextsSchema,
  clusterDomain: z.string(),
});

const FirewallSchema = z.strictObject({
  provider: z.enum(['auto', 'firewalld', 'none']),
  zone: z.string().nullable(),
  manage: z.enum(['open', 'check']),
  public: TextsSchema,
});

const RegistrySchema = z.strictObject({
  url: z.string(),
  user: z.string().nullable(),
  password: z.null(),
  isDefault: z.boolean(),
});

const SshSchema = z.strictObject({
  hostKeys: z.enum(['strict', 'accept-new']),
  knownHosts: z.string(),
  client: z.enum(['ssh2', 'openssh']),
  connectTimeoutMs: z.number(),
  keepaliveMs: z.number(),
});

const ScalarSchema = z.union([z.string(), z.number(), z.boolean()]);
const ValuesSchema = z.record(z.string(), z.union([ScalarSchema, z.array(ScalarSchema)]));

/** The desired cluster without secrets. */
export const ClusterSchema: z.ZodType<Cluster> = z.strictObject({
  name: z.string(),
  version: z.string().nullable(),
  nodes: z.array(NodeSchema),
  install: InstallSchema,
  endpoint: z.strictObject({ host: z.string(), port: PortSchema }).nullable(),
  network: NetworkSchema,
  tlsSans: TextsSchema,
  firewall: FirewallSchema,
  prepare: z.array(z.enum(['network-manager', 'cis-sysctl', 'cis-user', 'inotify'])),
  registries: z.array(RegistrySchema),
  kubeconfig: z.strictObject({ path: z.string(), mode: z.int(), group: z.string().nullable() }),
  ssh: SshSchema,
  rke2: z.strictObject({ server: ValuesSchema, agent: ValuesSchema }),
});
