import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import { runWords } from '../../host/run-words.ts';
import { quoteWords } from '../../lib/shell-quote.ts';
import { renderExecSummary } from '../../ui/exec-view.ts';
import { splitLines } from '../../ui/line-splitter.ts';
import { nodePrefixes } from '../../ui/node-prefixes.ts';
import { decideStyle } from '../../ui/style.ts';
import type { ExecFlags } from '../flags.ts';
import { readKnownNodes } from '../nodes/known-nodes.ts';
import { type NodeOutcome, onNodes } from '../nodes/on-nodes.ts';
import { createPipeWriter, type PipeWriter } from '../nodes/pipe-writer.ts';
import { type SelectedNode, selectNodes } from '../nodes/select-nodes.ts';
import { withWorkspace } from '../wire.ts';
import type { ConnectedHost, Workspace } from '../workspace.ts';

const STOPPING = 'Ending the command on the hosts.';

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * `rke2ctl exec [SELECTOR…] -- CMD…`: one command on many nodes at once. Its lines come as they are said, each behind its
 * node's name; a table of exit codes ends it on stderr. Exit 0 when all gave 0, 4 when some did not. `--output json`
 * gives `{command, nodes: [{node, key, exitCode, stdout, stderr, error, durationMs}]}` at the end.
 */
export async function exec(
  selectors: readonly string[],
  words: readonly string[] | null,
  flags: ExecFlags,
): Promise<ExitCode> {
  const command = commandOf(words, flags);
  const options = { command: 'exec', flags, locks: false, stopping: STOPPING } as const;
  return withWorkspace(options, async (workspace) => {
    const { cluster, connect, signals, store } = workspace;
    const selected = selectNodes(selectors, cluster, await readKnownNodes(store), flags.limit ?? null);
    const writer = createPipeWriter();
    const signal = AbortSignal.any([signals.stop, writer.gone]);
    const listen = flags.output === 'json' ? null : linePrinter(selected, writer);
    const outcomes = await onNodes(
      selected,
      { connect, window: flags.concurrency, signal },
      (connected, each) => runOne(connected, each, command, { workspace, flags, signal, listen }),
    );
    tell(outcomes, command, flags);
    if (signal.aborted) return 130;
    return outcomes.every(({ value }) => value?.exitCode === 0) ? 0 : 4;
  });
}

/** What goes to the hosts as words; `--shell` is a line for /bin/sh. */
function commandOf(words: readonly string[] | null, flags: ExecFlags): readonly string[] {
  if (flags.shell !== undefined && words === null) return ['/bin/sh', '-c', flags.shell];
  if (flags.shell === undefined && words !== null && words.length > 0) return words;
  throw new Rke2ctlError({
    code: 'exec-command',
    message:
      flags.shell === undefined
        ? 'It is not said what to run.'
        : 'There is a command behind `--` and a line in `--shell`: only one of them can be run.',
    hint: 'Put the command behind `--`, as in `rke2ctl exec worker -- uptime`; a line with pipes or `;` goes into `--shell`.',
    exitCode: 3,
  });
}

interface RunContext {
  readonly workspace: Workspace;
  readonly flags: ExecFlags;
  readonly signal: AbortSignal;
  readonly listen: ((label: string) => Listener) | null;
}

interface Listener {
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
  readonly end: () => void;
}

async function runOne(
  { host, transport }: ConnectedHost,
  { label }: SelectedNode,
  command: readonly string[],
  { workspace, flags, signal, listen }: RunContext,
): Promise<Ended> {
  const listener = listen?.(label);
  const common = {
    what: 'The command',
    signal,
    ...(flags.timeout !== undefined && { timeoutMs: flags.timeout }),
    ...(listener !== undefined && { onStdout: listener.onStdout, onStderr: listener.onStderr }),
  };
  try {
    if (flags.sudo)
      return await runWords(host, command, {
        ...common,
        label: 'exec',
        dataDir: workspace.cluster.dataDir,
      });
    return await transport.run({ ...common, command: `exec ${quoteWords(command)}`, stdin: '' });
  } finally {
    listener?.end();
  }
}

function linePrinter(selected: readonly SelectedNode[], writer: PipeWriter): (label: string) => Listener {
  const labels = selected.map(({ label }) => label);
  const styleOf = ({ isTTY, columns }: NodeJS.WriteStream) =>
    decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
  const prefixes = {
    out: nodePrefixes(labels, styleOf(process.stdout)),
    err: nodePrefixes(labels, styleOf(process.stderr)),
  };
  return (label) => {
    const out = splitLines((line) => writer.out(`${prefixes.out.get(label) ?? ''}${line}\n`));
    const err = splitLines((line) => writer.err(`${prefixes.err.get(label) ?? ''}${line}\n`));
    return {
      onStdout: (chunk) => out.push(chunk),
      onStderr: (chunk) => err.push(chunk),
      end: () => {
        out.end();
        err.end();
      },
    };
  };
}

function tell(outcomes: readonly NodeOutcome<Ended>[], command: readonly string[], flags: ExecFlags): void {
  if (flags.output === 'json') {
    const nodes = outcomes.map(({ label, node, value, failure, durationMs }) => ({
      node: label,
      key: node.key,
      exitCode: value?.exitCode ?? null,
      stdout: value?.stdout ?? '',
      stderr: value?.stderr ?? '',
      error: failure,
      durationMs,
    }));
    process.stdout.write(`${JSON.stringify({ command, nodes })}\n`);
    return;
  }
  const { isTTY, columns } = process.stderr;
  const style = decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
  const rows = outcomes.map(({ label, value, failure, durationMs }) => ({
    node: label,
    exitCode: value?.exitCode ?? null,
    failure,
    durationMs,
  }));
  process.stderr.write(renderExecSummary(rows, style));
}
