import { ArtifactError } from '../domain/errors.ts';
import { readSnapshotFiles } from '../host/snapshot-files.ts';
import { uploadFile } from '../host/upload.ts';
import { restoreDir } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * Sends a snapshot from here to a node (a part that is there already is gone on from) and reads it there from end to end:
 * nothing is stopped for one that did not arrive whole.
 */
export const placeSnapshot: StepHandler<'place-snapshot'> = {
  title: ({ name }) => `send the snapshot ${name}`,
  run: async ({ node, source, name, sha256, sizeBytes }, context) => {
    if (node === null) throw new Error('place-snapshot needs a node');
    const host = context.host(node.key);
    const directory = restoreDir(context.cluster.dataDir);
    const sent = await uploadFile(host, {
      source,
      destination: `${directory}/${name}`,
      sha256,
      sizeBytes,
      mode: '0600',
      signal: context.signal,
      onProgress: (bytes) => context.progress(`${name}`, bytes / Math.max(sizeBytes, 1)),
    });
    context.progress('reads it there');
    const [file] = await readSnapshotFiles(host, {
      directory,
      contents: true,
      names: [name],
      signal: context.signal,
    });
    if (file?.content.whole !== true)
      throw damaged(node.name, name, file?.content.problem ?? 'it is not there');
    return sent === 'present' ? 'unchanged' : 'done';
  },
};

function damaged(node: string, name: string, problem: string): ArtifactError {
  return new ArtifactError({
    code: 'snapshot-damaged',
    message: `The snapshot ${name} is not whole on ${node}: ${problem}. Nothing was stopped.`,
    hint: 'See whether the disk of that host is sound, then run the same command again.',
  });
}
