import { openBucket } from '../../artifacts/s3-bucket.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import type { SnapshotCopy } from '../../domain/snapshot.ts';
import { downloadFile } from '../../host/download.ts';
import { s3Access } from '../../rke2/s3-settings.ts';
import type { Workspace } from '../workspace.ts';
import { credentialsOfEnvironment } from './gather-snapshots.ts';

/**
 * Brings one copy of a snapshot to a file of this machine (0600), from the node or from S3. From a node its hash is
 * compared on the way; what it holds is judged by whoever reads it. Rejects with Rke2ctlError.
 */
export async function fetchCopy(
  { cluster, connect, signals }: Workspace,
  { place }: SnapshotCopy,
  target: string,
): Promise<void> {
  const signal = signals.stop;
  if (place.kind === 's3') {
    const access = s3Access(cluster, credentialsOfEnvironment());
    if (access.kind !== 'settings')
      throw notFromHere(access.kind === 'unknown' ? access.reason : 'no S3 is set');
    await openBucket(access.settings).download(place.object, target, { signal });
    return;
  }
  const node = cluster.nodes.find(({ key }) => key === place.key);
  if (node === undefined) throw new Error(`${place.key} is no node of this cluster`);
  const { host, transport } = await connect(node, signal);
  try {
    await downloadFile(host, { source: place.path, target, signal });
  } finally {
    await transport.close();
  }
}

function notFromHere(reason: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 's3-not-from-here',
    message: `The copy in S3 cannot be fetched from here: ${reason}.`,
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name keys in the file; or use a copy on a node.',
  });
}

/** Where a copy lies, for people: `node1`, `S3`. */
export function placeText({ place }: Pick<SnapshotCopy, 'place'>): string {
  return place.kind === 's3' ? 'S3' : place.node;
}
