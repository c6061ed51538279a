import { type Finding, findingAt } from './finding.ts';

/** Rancher wrapped RKE1's settings into its own under this key; its clusters' nodes stand in no file. */
const RANCHERS = 'rancher_kubernetes_engine_config';

/** What to say of a file that is the export of a cluster of Rancher's; null when it is none. */
export function findRancherOptions(value: unknown): Finding | null {
  if (typeof value !== 'object' || value === null || !(RANCHERS in value)) return null;
  const mistake = {
    code: 'rke1-of-rancher',
    message:
      'These are the options of a cluster that Rancher made: what RKE1 reads stands below this key, and the nodes stand nowhere.',
    hint: `Put what is below \`${RANCHERS}\` into a file of its own, add \`nodes\` with the addresses of the new hosts, and run \`rke2ctl convert\` on that.`,
  };
  return findingAt([RANCHERS], mistake, 'key');
}
