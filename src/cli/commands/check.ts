import type { ExitCode } from '../../domain/errors.ts';
import { checkReport, renderCheckReport } from '../check-report.ts';
import type { CommonFlags } from '../flags.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl check`: every finding about the hosts. Exit 0 without errors, 1 with, 4 when hosts could not be asked. */
export function check(flags: CommonFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'check', flags, locks: false, measureDisks: true }, async (workspace) => {
    const report = await checkReport(workspace, flags.ignoreCheck ?? []);
    const text =
      flags.output === 'json'
        ? `${JSON.stringify(report)}\n`
        : renderCheckReport(report, workspace.cluster.nodes.length);
    process.stdout.write(text);
    if (report.findings.some((finding) => finding.severity === 'error')) return 1;
    return report.unreachable.length > 0 ? 4 : 0;
  });
}
