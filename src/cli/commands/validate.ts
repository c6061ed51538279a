import type { ExitCode } from '../../domain/errors.ts';
import { readCluster } from '../cluster-source.ts';
import type { CommonFlags } from '../flags.ts';
import { showFindings } from '../show-findings.ts';

/** `rke2ctl validate`: the file alone, no network. Exit 3 with all findings when there are mistakes. */
export async function validate(flags: CommonFlags): Promise<ExitCode> {
  const { cluster, findings } = await readCluster(flags.config);
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify({ valid: true, findings })}\n`);
    return 0;
  }
  showFindings(findings);
  const nodes = cluster.nodes.length === 1 ? '1 node' : `${cluster.nodes.length} nodes`;
  process.stdout.write(`${flags.config} is valid: cluster ${cluster.name}, ${nodes}.\n`);
  return 0;
}
