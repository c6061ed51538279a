import { Rke2ctlError } from '../../domain/errors.ts';
import type { CommonFlags } from '../flags.ts';
import { readKnownNodes } from '../nodes/known-nodes.ts';
import { selectNodes } from '../nodes/select-nodes.ts';
import { withWorkspace } from '../wire.ts';

/**
 * `rke2ctl ssh NODE [-- CMD…]`: a session at a node by OpenSSH's own client, with users, keys, bastions and known hosts of
 * cluster.yml. The exit code is the client's: that of the remote command, 255 when there was no connection.
 */
export async function ssh(
  asked: string,
  words: readonly string[] | null,
  flags: CommonFlags,
): Promise<number> {
  const options = { command: 'ssh', flags, locks: false, stopping: null } as const;
  return withWorkspace<number>(options, async ({ cluster, openShell, store }) => {
    const selected = selectNodes([asked], cluster, await readKnownNodes(store));
    const [only] = selected;
    if (only === undefined || selected.length > 1)
      throw severalNodes(
        asked,
        selected.map(({ label }) => label),
      );
    return openShell(only.node, words ?? []);
  });
}

function severalNodes(asked: string, labels: readonly string[]): Rke2ctlError {
  return new Rke2ctlError({
    code: 'several-nodes',
    message: `${JSON.stringify(asked)} means ${labels.length} nodes, and a session is at one.`,
    hint: `Name one of ${labels.slice(0, 12).join(', ')}; \`rke2ctl exec\` runs a command on several.`,
    exitCode: 3,
  });
}
