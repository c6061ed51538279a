import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { State } from '../domain/state.ts';
import { caHash } from '../pki/ca-hash.ts';
import { casAmong } from '../rke2/ca-files.ts';

/** CAs of one's own are for the first start: a cluster that has others does not change them by itself. */
export function checkOwnCa(cluster: Cluster, state: State): readonly Diagnostic[] {
  const own = casAmong(cluster.files, cluster.dataDir)?.cas['server-ca'].certificates;
  if (own === undefined || state.caHash === null) return [];
  const wanted = caHash(own);
  if (wanted === state.caHash) return [];
  return [
    {
      severity: 'error',
      code: 'ca-differs',
      path: 'certificates.ca',
      message: `The file brings CAs of its own (${wanted.slice(0, 16)}…), but this cluster was made with others (${state.caHash.slice(0, 16)}…), and no \`up\` exchanges them.`,
      hint: '`rke2ctl cert rotate --rotate-ca` brings the file’s into the cluster; to keep those that it has, leave `certificates.ca` out.',
    },
  ];
}
