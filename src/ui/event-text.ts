import type { RunEvent } from '../domain/event.ts';
import { cleanText } from './clean-text.ts';
import { durationText } from './duration-text.ts';
import { failureDetails } from './error-view.ts';
import { wrapText } from './fit-text.ts';
import { keyLabel, nodeLabel } from './host-label.ts';
import { renderPortMatrix } from './port-matrix-view.ts';
import type { RunProgress } from './run-progress.ts';
import type { Style } from './style.ts';
import { countText } from './table.ts';

/**
 * What of an event is to stay on the screen for good, as whole lines; empty for what only passes by. Findings are not
 * here: they are told together.
 */
export function lastingText(event: RunEvent, progress: RunProgress, style: Style): string {
  switch (event.type) {
    case 'run-started':
      return `${style.bold(`rke2ctl ${event.command}`)}: cluster ${cleanText(event.clusterName)} (${cleanText(event.config)})\n`;
    case 'host-unreachable':
      return failureText(`${keyLabel(event.key)}: not reached`, event.failure, style);
    case 'planned': {
      const hosts = new Set(event.plan.steps.flatMap((step) => step.node?.key ?? [])).size;
      if (event.plan.steps.length === 0) return '';
      return `${countText(event.plan.steps.length, 'step')} on ${countText(hosts, 'host')}\n`;
    }
    case 'step-ended': {
      if (event.outcome !== 'failed' && event.outcome !== 'unknown') return '';
      const what = event.outcome === 'failed' ? 'failed' : 'lost sight of';
      const head = `${nodeLabel(event.node)}: ${progress.title(event.step)}: ${what} after ${durationText(event.durationMs)}`;
      return failureText(head, event.failure ?? { code: 'unknown', message: '', hint: '' }, style);
    }
    case 'port-matrix':
      return renderPortMatrix(event.results, { all: false }, style);
    case 'notice':
      return `${wrapText(cleanText(event.message), style.width).join('\n')}\n`;
    default:
      return '';
  }
}

function failureText(
  head: string,
  failure: Extract<RunEvent, { type: 'host-unreachable' }>['failure'],
  style: Style,
): string {
  const room = style.width === null ? null : style.width - 2;
  const message = failure.message === '' ? [] : wrapText(cleanText(failure.message), room);
  return [
    `${style.red(style.symbols.failed)} ${style.bold(cleanText(head))}`,
    ...message.map((line) => `  ${line}`),
    ...failureDetails(failure, style),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
