import type { ExitCode } from '../../domain/errors.ts';
import { listBootstrapTokens } from '../../host/bootstrap-tokens.ts';
import { ageText } from '../../ui/age-text.ts';
import { renderTable } from '../../ui/table.ts';
import { askControlPlane } from '../ask-control-plane.ts';
import type { CommonFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl token list`: the bootstrap tokens by their ids; their secret halves stay in the cluster. */
export function tokenList(flags: CommonFlags): Promise<ExitCode> {
  const options = { command: 'token list', flags, locks: false, stopping: null } as const;
  return withWorkspace(options, async (workspace) => {
    const call = { dataDir: workspace.cluster.dataDir, signal: workspace.signals.stop };
    const { value: tokens } = await askControlPlane(workspace, (host) => listBootstrapTokens(host, call));
    if (flags.output === 'json') {
      const items = tokens.map(({ expires, ...token }) => ({ ...token, expires: timeText(expires) }));
      process.stdout.write(`${JSON.stringify({ tokens: items })}\n`);
      return 0;
    }
    const rows = tokens.map(({ id, expires, description }) => [
      id,
      leftText(expires),
      timeText(expires)?.replace('T', ' ').replace(/\..*/, '') ?? 'never',
      description === '' ? '-' : description,
    ]);
    const columns = ['TOKEN', 'LEFT', 'ENDS (UTC)', 'DESCRIPTION'].map((heading) => ({ heading }));
    process.stdout.write(
      rows.length === 0 ? 'There are no bootstrap tokens.\n' : renderTable(columns, rows, outputStyle()),
    );
    return 0;
  });
}

function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function leftText(expires: number | null): string {
  if (expires === null) return 'for ever';
  const left = expires - Date.now();
  return left > 0 ? ageText(left) : 'ended';
}
