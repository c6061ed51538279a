import { createJsonView } from './json-view.ts';
import { createLiveView } from './live-view.ts';
import { createPlainView } from './plain-view.ts';
import type { TerminalStream } from './screen-block.ts';
import { decideStyle } from './style.ts';
import type { PausableView, Scrub, View } from './view.ts';

/** A standard stream, as far as views look at it. */
export interface ConsoleStream extends TerminalStream {
  readonly isTTY?: boolean;
}

export interface ConsoleOptions {
  readonly output: 'text' | 'json';
  readonly verbose: boolean;
  readonly scrub: Scrub;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: ConsoleStream;
  readonly stderr: ConsoleStream;
}

/**
 * The view for this console: JSON lines on stdout when asked for; else progress on stderr, live on a terminal and as
 * lines with time stamps in a pipe, and the table at the end on stdout.
 */
export function createConsoleView(options: ConsoleOptions): PausableView {
  const { scrub, env, stdout, stderr, verbose } = options;
  const writeTo = (stream: ConsoleStream) => (text: string) => void stream.write(text);
  if (options.output === 'json') return unpaused(createJsonView({ write: writeTo(stdout), scrub }));
  const styleOf = (stream: ConsoleStream) =>
    decideStyle({ env, isTerminal: stream.isTTY === true, columns: stream.columns });
  const result = { writeResult: writeTo(stdout), resultStyle: styleOf(stdout) };
  const style = styleOf(stderr);
  if (stderr.isTTY === true && env['TERM'] !== 'dumb') {
    return createLiveView({ terminal: stderr, style, scrub, ...result });
  }
  return unpaused(createPlainView({ write: writeTo(stderr), style, scrub, verbose, ...result }));
}

function unpaused(view: View): PausableView {
  return { ...view, pause: () => undefined, resume: () => undefined };
}
