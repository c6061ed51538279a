import type { Rke2Version } from './version.ts';

/** The minor version of the etcd that each minor of Kubernetes v1 brings in RKE2, from that one on; releases up to v1.36. */
const ETCD_MINORS: readonly { readonly from: number; readonly etcd: string }[] = [
  { from: 34, etcd: '3.6' },
  { from: 22, etcd: '3.5' },
];
const LAST_KNOWN = 36;

/**
 * The etcd of a release, as `3.6`; null where it is not known here. A lone member of a newer minor version marks its data so
 * that an older one refuses them.
 */
export function etcdMinor({ major, minor }: Rke2Version): string | null {
  if (major !== 1 || minor > LAST_KNOWN) return null;
  return ETCD_MINORS.find(({ from }) => minor >= from)?.etcd ?? null;
}
