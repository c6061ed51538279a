import type { Diagnostic } from '../domain/diagnostic.ts';
import type { RunEvent } from '../domain/event.ts';
import { cleanLine } from './clean-text.ts';
import { durationText } from './duration-text.ts';
import { lastingText } from './event-text.ts';
import { renderFindings } from './findings-view.ts';
import { keyLabel, nodeLabel } from './host-label.ts';
import { createRunProgress, type RunProgress } from './run-progress.ts';
import { scrubEvent } from './scrub-event.ts';
import type { Style } from './style.ts';
import { renderSummary } from './summary-view.ts';
import type { Scrub, View } from './view.ts';

export interface PlainViewOptions {
  readonly write: (text: string) => void;
  /** Takes the table at the end, in a style of its own: stdout, as it is a result. */
  readonly writeResult: (text: string) => void;
  readonly resultStyle: Style;
  readonly style: Style;
  readonly scrub: Scrub;
  /** Every host that was reached, too. */
  readonly verbose?: boolean;
  readonly now?: () => number;
}

/** How often a step that goes on may say something new: enough to show life, not enough to fill a log. */
const WORDS_EVERY_MS = 15_000;

/** What a pipe or a log of CI gets of a run: a line with the time for every step that begins and ends. */
export function createPlainView(options: PlainViewOptions): View {
  const { write, style, scrub, verbose = false } = options;
  const now = options.now ?? Date.now;
  const progress = createRunProgress(now(), scrub);
  const spokenAt = new Map<string, number>();
  let findings: Diagnostic[] = [];
  let closed = false;

  const tell = (text: string, at: number) => {
    if (text === '') return;
    const stamp = style.dim(stampText(at));
    for (const line of scrub(text).split('\n')) if (line !== '') write(`${stamp} ${line}\n`);
  };
  const tellFindings = (at: number) => {
    if (findings.length === 0) return;
    tell(renderFindings(findings, style), at);
    findings = [];
  };
  const mayStillSpeak = (event: RunEvent, at: number) => {
    if (event.type === 'step-started') spokenAt.set(event.step, at);
    if (event.type !== 'step-progress') return true;
    if (at - (spokenAt.get(event.step) ?? 0) < WORDS_EVERY_MS) return false;
    spokenAt.set(event.step, at);
    return true;
  };

  return {
    handle: (raw: RunEvent) => {
      if (closed) return;
      const at = now();
      const event = scrubEvent(raw, scrub);
      progress.apply(event, at);
      if (event.type === 'finding') {
        findings.push(event.diagnostic);
        return;
      }
      tellFindings(at);
      if (!mayStillSpeak(event, at)) return;
      tell(lastingText(event, progress, style) || passingText(event, progress, verbose), at);
      if (event.type === 'run-ended')
        options.writeResult(scrub(renderSummary(event.result, options.resultStyle)));
    },
    close: () => {
      if (!closed) tellFindings(now());
      closed = true;
    },
  };
}

/** What only passes by on a terminal is a line of its own here. */
function passingText(event: RunEvent, progress: RunProgress, verbose: boolean): string {
  switch (event.type) {
    case 'host-probed':
      return verbose
        ? `${keyLabel(event.key)}: ${event.name}, looked at in ${durationText(event.durationMs)}`
        : '';
    case 'step-started':
      return `${nodeLabel(event.node)}: ${progress.title(event.step)}`;
    case 'step-progress':
      return progressText(event.step, progress);
    case 'step-ended': {
      // What never began is in the table at the end; a line for each would bury what went wrong.
      const hasBegun =
        event.outcome !== 'skipped' && !(event.outcome === 'cancelled' && event.durationMs === 0);
      if (!hasBegun && !verbose) return '';
      const ended = { done: 'done', unchanged: 'nothing to do', skipped: 'left out', cancelled: 'stopped' };
      const outcome = ended[event.outcome as keyof typeof ended] ?? event.outcome;
      return `${nodeLabel(event.node)}: ${progress.title(event.step)}: ${outcome} (${durationText(event.durationMs)})`;
    }
    default:
      return '';
  }
}

function progressText(step: string, progress: RunProgress): string {
  const line = progress.line(step);
  if (line === null) return '';
  const percent = line.fraction === null ? '' : ` ${Math.floor(line.fraction * 100)}%`;
  return cleanLine(`${line.host}: ${line.title}:${percent} ${line.words}`);
}

/** `2026-11-21T03:12:09Z`: sortable, and the same wherever the log is read. */
function stampText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
