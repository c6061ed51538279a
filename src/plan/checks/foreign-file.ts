import { nodeFilePaths } from '../../render/node-files.ts';
import { hostCheck } from './check.ts';

/**
 * A file of somebody else's where one of ours must go is not overwritten silently. What is ours stands in the marker,
 * which is always written before the files are.
 */
export const foreignFile = hostCheck(
  'foreign-file',
  'error',
  ({ node, facts, ours, hasRke2 }, { cluster }) => {
    const { marker, files } = facts.rke2;
    // RKE2 or a marker that is not ours is a complaint of its own.
    if (!ours && (hasRke2 || marker !== null)) return null;
    const known = marker === null || marker === 'unreadable' ? [] : marker.files;
    const foreign = nodeFilePaths(cluster, node).filter(
      (path) => files[path] !== undefined && !known.includes(path),
    );
    if (foreign.length === 0) return null;
    const isOne = foreign.length === 1;
    return {
      message: `${foreign.join(', ')} ${isOne ? 'is' : 'are'} on the host already, and rke2ctl did not write ${isOne ? 'it' : 'them'}. \`up\` would replace ${isOne ? 'it' : 'them'}.`,
      hint: `Bring what you need of ${isOne ? 'it' : 'them'} into cluster.yml and delete ${isOne ? 'it' : 'them'} on the host, or pass \`--ignore-check foreign-file\` to have ${isOne ? 'it' : 'them'} replaced.`,
    };
  },
);
