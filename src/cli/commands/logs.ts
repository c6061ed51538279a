import type { ExitCode } from '../../domain/errors.ts';
import { type JournalEntry, parseJournalLine, readJournal } from '../../host/read-journal.ts';
import { unitName } from '../../rke2/paths.ts';
import { describeJournalEntry } from '../../ui/journal-view.ts';
import { splitLines } from '../../ui/line-splitter.ts';
import { nodePrefixes } from '../../ui/node-prefixes.ts';
import type { LogsFlags } from '../flags.ts';
import { readKnownNodes } from '../nodes/known-nodes.ts';
import { onNodes } from '../nodes/on-nodes.ts';
import { createPipeWriter } from '../nodes/pipe-writer.ts';
import { type SelectedNode, selectNodes } from '../nodes/select-nodes.ts';
import { outputStyle } from '../output-style.ts';
import { withWorkspace } from '../wire.ts';

const DEFAULT_LINES = 200;

/** A node has one of them; which one may have changed. */
const UNITS = [unitName('rke2-server'), unitName('rke2-agent')];

interface NodeEntry {
  readonly label: string;
  readonly entry: JournalEntry;
}

/**
 * `rke2ctl logs [SELECTOR…]`: the journals of RKE2's services, in the order of time, with `-f` as it comes. `--output json`
 * gives one line of JSON for each entry: `{node, time, unit, program, pid, priority, message}`. Exit 4 when a node could
 * not be asked.
 */
export async function logs(selectors: readonly string[], flags: LogsFlags): Promise<ExitCode> {
  const options = { command: 'logs', flags, locks: false, stopping: null } as const;
  return withWorkspace(options, async ({ cluster, connect, connectWindow, signals, store, scrub }) => {
    const selected = selectNodes(selectors, cluster, await readKnownNodes(store), flags.limit ?? null);
    const writer = createPipeWriter();
    const signal = AbortSignal.any([signals.stop, writer.gone]);
    const print = entryPrinter(selected, flags);
    const gathered: NodeEntry[] = [];
    const follow = flags.follow === true;
    const take = (each: NodeEntry) => (follow ? writer.out(scrub(print(each))) : gathered.push(each));
    const lines = flags.lines ?? (flags.since === undefined ? DEFAULT_LINES : null);
    const question = { units: flags.unit ?? UNITS, lines, since: flags.since ?? null, follow, signal };
    const onFailure = (label: string, { message }: { readonly message: string }) =>
      writer.err(scrub(`${label}: ${message}\n`));
    const outcomes = await onNodes(
      selected,
      { connect, window: follow ? selected.length : connectWindow, signal, onFailure },
      async ({ host }, { label }) => {
        let count = 0;
        const splitter = splitLines((line) => {
          const entry = parseJournalLine(line);
          if (entry === null) return;
          count += 1;
          take({ label, entry });
        });
        await readJournal(host, question, (chunk) => splitter.push(chunk));
        splitter.end();
        if (count === 0) writer.err(`${label}: nothing in the journal of ${question.units.join(', ')}\n`);
      },
    );
    gathered.sort((a, b) => a.entry.timeUs - b.entry.timeUs);
    for (const each of gathered) writer.out(scrub(print(each)));
    if (signals.stop.aborted) return 130;
    return writer.gone.aborted || outcomes.every(({ failure }) => failure === null) ? 0 : 4;
  });
}

function entryPrinter(selected: readonly SelectedNode[], flags: LogsFlags): (each: NodeEntry) => string {
  if (flags.output === 'json')
    return ({ label, entry: { timeUs, ...rest } }) =>
      `${JSON.stringify({ node: label, time: new Date(timeUs / 1000).toISOString(), ...rest })}\n`;
  const style = outputStyle();
  const prefixes = nodePrefixes(
    selected.map(({ label }) => label),
    style,
  );
  // One node needs no name before each line.
  const prefixOf = (label: string) => (selected.length === 1 ? '' : (prefixes.get(label) ?? ''));
  return ({ label, entry }) => describeJournalEntry(entry, prefixOf(label), style);
}
