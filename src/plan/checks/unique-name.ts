import { clusterCheck } from './check.ts';
import { findDuplicates } from './duplicates.ts';

/** Kubernetes tells nodes apart by name; a second node of one name is refused by the first one's password. */
export const uniqueName = clusterCheck('unique-name', 'error', (input) =>
  findDuplicates(
    input,
    (host) => [host.name],
    (name, labels) => ({
      message: `${labels} would all be called "${name}" in the cluster, and only the first could join under it.`,
      hint: 'Give each host a hostname of its own (`hostnamectl set-hostname`), or a `hostname_override` in the file.',
    }),
  ),
);
