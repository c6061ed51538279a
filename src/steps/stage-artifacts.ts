import type { ArtifactRef } from '../domain/marker.ts';
import { contentStamp } from '../lib/content-stamp.ts';
import { imagesDir } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/** Where the tarball waits between staging and installing: below RKE2's own directory, so that it leaves with it. */
export function stagedTarball(tarball: ArtifactRef, dataDir: string): string {
  return `${dataDir}/rke2ctl/${tarball.name}`;
}

/** Brings the release's files onto a host, each verified by its hash there; what is there already is not sent. */
export const stageArtifacts: StepHandler<'stage-artifacts'> = {
  title: ({ images, tarball }) => {
    const count = images.length + (tarball === null ? 0 : 1);
    return `stage ${count} release ${count === 1 ? 'file' : 'files'}`;
  },
  run: async ({ node, tarball, images }, context) => {
    if (node === null) throw new Error('stage-artifacts needs a node');
    const { dataDir } = context.cluster;
    const files = [
      ...images.map((image) => ({ file: image, destination: `${imagesDir(dataDir)}/${image.name}` })),
      ...(tarball === null ? [] : [{ file: tarball, destination: stagedTarball(tarball, dataDir) }]),
    ];
    const total = files.reduce((sum, { file }) => sum + file.sizeBytes, 0);
    let before = 0;
    let sent = false;
    for (const { file, destination } of files) {
      let [from, there] = ['', 0];
      const say = () => context.progress(`${file.name}${from}`, (before + there) / total);
      const outcome = await context.deliver(node, {
        ...context.artifact(file.name),
        destination,
        sha256: file.sha256,
        sizeBytes: file.sizeBytes,
        mode: '0644',
        mtime: contentStamp(file.sha256),
        signal: context.signal,
        onSource: (source) => {
          from = ` from ${source}`;
          say();
        },
        onProgress: (bytes) => {
          there = bytes;
          say();
        },
      });
      before += file.sizeBytes;
      sent ||= outcome === 'sent';
    }
    return sent ? 'done' : 'unchanged';
  },
};
