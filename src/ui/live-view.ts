import type { Diagnostic } from '../domain/diagnostic.ts';
import type { RunEvent } from '../domain/event.ts';
import { lastingText } from './event-text.ts';
import { renderFindings } from './findings-view.ts';
import { liveLines } from './live-lines.ts';
import { createRunProgress } from './run-progress.ts';
import { createScreenBlock, type TerminalStream } from './screen-block.ts';
import { scrubEvent } from './scrub-event.ts';
import type { Style } from './style.ts';
import { renderSummary } from './summary-view.ts';
import type { PausableView, Scrub } from './view.ts';

export interface LiveViewOptions {
  readonly terminal: TerminalStream;
  readonly style: Style;
  readonly scrub: Scrub;
  /** Takes the table at the end, in a style of its own: stdout, as it is a result. */
  readonly writeResult: (text: string) => void;
  readonly resultStyle: Style;
  readonly now?: () => number;
}

const REDRAW_MS = 100;
const TICK_MS = 1_000;

/**
 * What a terminal shows of a run: a block of busy hosts and totals that is redrawn in place at most ten times a second,
 * with failures, findings and notices scrolling by above it.
 */
export function createLiveView(options: LiveViewOptions): PausableView {
  const { terminal, style, scrub } = options;
  const now = options.now ?? Date.now;
  const progress = createRunProgress(now(), scrub);
  const block = createScreenBlock(terminal);
  let findings: Diagnostic[] = [];
  let above = '';
  let pauses = 0;
  let ended = false;
  let closed = false;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;

  const draw = () => {
    timer = null;
    if (closed || ended || pauses > 0) return;
    drawnAt = now();
    const screen = { columns: terminal.columns ?? 80, rows: terminal.rows ?? 24 };
    block.draw(liveLines(progress.busy(), progress.totals(), drawnAt, screen, style), above);
    above = '';
    plan(TICK_MS);
  };
  const plan = (delayMs: number) => {
    if (timer !== null) clearTimeout(timer);
    // The clock on the screen must not keep a finished process alive.
    timer = setTimeout(draw, delayMs).unref();
  };
  const drawSoon = () => plan(Math.max(0, REDRAW_MS - (now() - drawnAt)));
  const tellFindings = () => {
    if (findings.length === 0) return;
    above += scrub(renderFindings(findings, style));
    findings = [];
  };
  const flush = () => {
    tellFindings();
    block.clear();
    if (above !== '') terminal.write(above);
    above = '';
  };
  terminal.on?.('resize', drawSoon);

  return {
    handle: (raw: RunEvent) => {
      if (closed) return;
      const event = scrubEvent(raw, scrub);
      progress.apply(event, now());
      if (event.type === 'finding') {
        findings.push(event.diagnostic);
        return;
      }
      tellFindings();
      above += scrub(lastingText(event, progress, style));
      if (event.type === 'run-ended') {
        ended = true;
        // The table is a result and goes its own way; here it only gets some air above it.
        if (event.result.nodes.length > 0) above += '\n';
        flush();
        options.writeResult(scrub(renderSummary(event.result, options.resultStyle)));
      } else if (ended) {
        flush();
      } else {
        drawSoon();
      }
    },
    pause: () => {
      pauses += 1;
      flush();
    },
    resume: () => {
      pauses = Math.max(0, pauses - 1);
      drawSoon();
    },
    close: () => {
      if (closed) return;
      flush();
      closed = true;
      if (timer !== null) clearTimeout(timer);
      terminal.off?.('resize', drawSoon);
    },
  };
}
