/**
 * Annotation of a Node that a `drain` of ours has cordoned; its value is the cluster's id. Only where it stands may an
 * `uncordon` of ours let pods back: a cordon of somebody else's stays.
 */
export const DRAINED_BY = 'rke2ctl/drained-by';
