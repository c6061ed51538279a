import type { Failure } from '../domain/event.ts';
import { cleanText } from './clean-text.ts';
import { wrapText } from './fit-text.ts';
import { PLAIN_STYLE, type Style } from './style.ts';

const MOST_LAST_WORDS = 12;

/** An error for people: what happened and where, the service's last words, what to do, and its code for a search. */
export function renderError(failure: Failure, style: Style = PLAIN_STYLE): string {
  const head = `${style.red('error:')} ${cleanText(failure.message)} ${style.dim(`[${failure.code}]`)}`;
  return [...wrapText(head, style.width), ...failureDetails(failure, style)]
    .map((line) => `${line}\n`)
    .join('');
}

/** The lines below a failure's message: last words of the service, then the hint; each without a line end. */
export function failureDetails(failure: Failure, style: Style): readonly string[] {
  const words = (failure.lastWords ?? []).flatMap((line) => cleanText(line).split('\n')).filter(Boolean);
  const shown = words.slice(-MOST_LAST_WORDS);
  const { hint, separator } = style.symbols;
  const room = style.width === null ? null : style.width - hint.length - 3;
  const margin = ' '.repeat(hint.length + 1);
  return [
    ...(shown.length < words.length
      ? [`  ${style.dim(`(${words.length - shown.length} lines before)`)}`]
      : []),
    ...shown
      .flatMap((line) =>
        wrapText(line, room).map((part, index) => `${index === 0 ? separator : ' '} ${part}`),
      )
      .map((line) => `  ${style.dim(line)}`),
    ...(failure.hint === '' ? [] : wrapText(cleanText(failure.hint), room)).map(
      (line, index) => `  ${index === 0 ? `${hint} ` : margin}${line}`,
    ),
  ];
}
