/** What the cluster's copy of the state says of itself without being opened. */
export interface StateCopy {
  readonly clusterId: string;
  readonly serial: number;
  /** The checksum of that state, as it stands in the file. */
  readonly checksum: string;
}

/** The Secret that holds the copy. */
export const STATE_SECRET = {
  name: 'rke2ctl-state',
  namespace: 'kube-system',
  key: 'cluster.rkestate',
} as const;

/** Its annotations: whoever looks reads them alone, and never the tokens beside them. */
export const STATE_ANNOTATIONS = {
  clusterId: 'rke2ctl/cluster-id',
  serial: 'rke2ctl/serial',
  checksum: 'rke2ctl/checksum',
} as const;

/** Kubernetes takes no more than this in one Secret, in bytes. */
export const STATE_COPY_LIMIT = 1_048_576;
