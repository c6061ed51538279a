/** A node's part in the cluster, in RKE1's words. A node has one or more. */
export type Role = 'etcd' | 'controlplane' | 'worker';

/** Every role, in the order in which nodes are brought up. */
export const ROLES: readonly Role[] = ['etcd', 'controlplane', 'worker'];

/** Which of RKE2's two services a node runs: any role but `worker` alone makes it a server. */
export type Service = 'rke2-server' | 'rke2-agent';
