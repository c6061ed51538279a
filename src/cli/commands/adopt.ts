import type { ExitCode } from '../../domain/errors.ts';
import { type AdoptionReport, renderAdoption, renderAdoptionNotes } from '../../ui/adoption-view.ts';
import { decideStyle } from '../../ui/style.ts';
import { readAdoptSource } from '../adopt/adopt-source.ts';
import { type FoundCluster, findCluster } from '../adopt/find-cluster.ts';
import { foreseeAdoption, type Outlook, takeOver } from '../adopt/take-over.ts';
import { refuseOthers, refuseState } from '../adopt/write-cluster-files.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { AdoptFlags } from '../flags.ts';
import type { Answers } from '../screen.ts';
import { withWorkspace } from '../wire.ts';

/**
 * `rke2ctl adopt`: takes over a cluster that somebody else made, without restarting or changing anything: cluster.yml, the
 * state and the hosts' markers. With `--print` it only prints what cluster.yml would say. Exit 0 done, 4 when hosts were
 * not reached, 1 when they cannot be taken over.
 */
export async function adopt(flags: AdoptFlags): Promise<ExitCode> {
  const [file = ''] = flags.config;
  if (flags.print !== true) await refuseState(file);
  const source = await readAdoptSource(flags);
  const answers: Answers = new Map();
  const found = await findCluster(flags, source, answers);
  if (flags.print === true) return printFound(found, flags);
  await refuseOthers(file, found.draft, source.original);
  const loaded = { cluster: found.draft.cluster, findings: [] };
  return withWorkspace({ command: 'adopt', flags, locks: true, loaded, answers }, async (workspace) => {
    const { result, outlook } = await takeOver(workspace, found, { file, original: source.original });
    if (result.outcome === 'done' || result.outcome === 'nothing-to-do')
      tell(reportOf(file, found, outlook), flags);
    return exitCodeOf(result);
  });
}

function printFound(found: FoundCluster, flags: AdoptFlags): ExitCode {
  const [file = ''] = flags.config;
  const outlook = foreseeAdoption(found, found.observed, true);
  const report = reportOf(file, found, outlook);
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify({ ...report, text: found.draft.text })}\n`);
    return 0;
  }
  process.stdout.write(found.draft.text);
  process.stderr.write(renderAdoptionNotes(report, errorStyle()));
  return 0;
}

function reportOf(file: string, { draft, notes, members }: FoundCluster, outlook: Outlook): AdoptionReport {
  return {
    file,
    files: draft.files.map(({ path }) => path),
    nodes: members.map(({ node, spec }) => ({ name: node.name, roles: spec.roles })),
    notes: [...notes, ...outlook.differences],
    differs: outlook.plan.steps.some(
      ({ kind }) => !['claim', 'write-kubeconfig', 'copy-state'].includes(kind),
    ),
  };
}

function tell(report: AdoptionReport, flags: AdoptFlags): void {
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify({ type: 'adopted', ...report })}\n`);
    return;
  }
  process.stderr.write(renderAdoptionNotes(report, errorStyle()));
  process.stdout.write(renderAdoption(report));
}

function errorStyle() {
  const { isTTY, columns } = process.stderr;
  return decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
}
