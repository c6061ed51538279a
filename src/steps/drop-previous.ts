import { previousDir, previousProgram } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * $1: where it lies; $2: the program's second name. The pack goes first, without which nothing is put back; what names the
 * version goes last, so that a run which is cut off is followed by one that sees it.
 */
const DROP = `
set -e
rm -f "$1/files.tar" "$2"
rm -rf "$1/images"
rm -f "$1/files" "$1/marker" "$1/version"
rm -rf "$1"
rmdir "\${1%/*}" 2>/dev/null || :
`;

/** Deletes what was put by: the node is healthy, and what it went back from or came from is needed no more. */
export const dropPrevious: StepHandler<'drop-previous'> = {
  title: () => 'delete the version before',
  run: async ({ node, prefix }, context) => {
    if (node === null) throw new Error('drop-previous needs a node');
    await context.host(node.key).run(DROP, {
      args: [previousDir(context.cluster.dataDir), previousProgram(prefix)],
      signal: context.signal,
      what: 'Deleting the version before',
    });
    return 'done';
  },
};
