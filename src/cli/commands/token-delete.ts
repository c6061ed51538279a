import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import { deleteBootstrapToken } from '../../host/bootstrap-tokens.ts';
import { askControlPlane } from '../ask-control-plane.ts';
import type { CommonFlags } from '../flags.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl token delete ID…`: nobody joins with them any more; who has joined stays. Exit 4 when one was not there. */
export async function tokenDelete(tokens: readonly string[], flags: CommonFlags): Promise<ExitCode> {
  const ids = [...new Set(tokens.map(idOf))];
  return withWorkspace({ command: 'token delete', flags, locks: false }, async (workspace) => {
    const call = { dataDir: workspace.cluster.dataDir, signal: workspace.signals.stop };
    const deleted: string[] = [];
    for (const id of ids) {
      const { value } = await askControlPlane(workspace, (host) => deleteBootstrapToken(host, id, call));
      if (value) deleted.push(id);
    }
    const missing = ids.filter((id) => !deleted.includes(id));
    const lines = [
      ...deleted.map((id) => `${id} is deleted.\n`),
      ...missing.map((id) => `${id} was not there: it has ended, or there never was one.\n`),
    ];
    const report = flags.output === 'json' ? `${JSON.stringify({ deleted, missing })}\n` : lines.join('');
    process.stdout.write(report);
    return missing.length === 0 ? 0 : 4;
  });
}

/** Of an id, `id.secret` or a whole token. */
function idOf(text: string): string {
  const id = /^(?:K10[0-9a-f]{64}::)?([a-z0-9]{6})(?:\.[a-z0-9]{16})?$/.exec(text)?.[1];
  if (id !== undefined) return id;
  throw new Rke2ctlError({
    code: 'no-token-id',
    // It may be a token that was mistyped.
    message: 'What was given is no id of a bootstrap token: those have six small letters or digits.',
    hint: '`rke2ctl token list` shows the ids. The tokens of servers and agents cannot be deleted, only replaced: `rke2ctl token rotate`.',
    exitCode: 3,
  });
}
