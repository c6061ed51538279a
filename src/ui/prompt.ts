import { createInterface } from 'node:readline';
import { CancelledError, Rke2ctlError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { cleanLine, cleanText } from './clean-text.ts';
import { wrapText } from './fit-text.ts';

/** The terminal's two ends; process.stdin and process.stderr are such. */
export interface PromptStreams {
  readonly input: NodeJS.ReadableStream & {
    readonly isTTY?: boolean;
    setRawMode?(raw: boolean): unknown;
  };
  readonly output: NodeJS.WritableStream;
}

export interface PromptOptions {
  /** What to do where there is no terminal: `Pass --yes …`. */
  readonly hint: string;
  readonly signal?: AbortSignal;
}

/**
 * Asks a yes/no question; only `y` and `yes` are yes. Throws Rke2ctlError `no-terminal` where nobody can answer, and
 * CancelledError on Ctrl-C or when the signal fires.
 */
export async function confirm(
  question: string,
  options: PromptOptions,
  streams: PromptStreams = { input: process.stdin, output: process.stderr },
): Promise<boolean> {
  requireTerminal(question, options, streams);
  const lines = createInterface({ input: streams.input, output: streams.output, terminal: true });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      const cancel = () => reject(new CancelledError());
      if (options.signal?.aborted) return cancel();
      options.signal?.addEventListener('abort', cancel, { once: true });
      lines.once('SIGINT', cancel);
      lines.once('close', () => resolve(''));
      lines.question(wrapQuestion(`${cleanLine(question)} [y/N]`, streams.output), resolve);
    });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
    streams.input.pause();
  }
}

/** Whole words on each line; readline itself takes no more than one, so the others go before. */
function wrapQuestion(question: string, output: NodeJS.WritableStream): string {
  const { columns = null } = output as { readonly columns?: number };
  const lines = wrapText(question, columns === null ? null : columns - 2);
  for (const line of lines.slice(0, -1)) output.write(`${line}\n`);
  return `${lines.at(-1)} `;
}

/** Several questions at one terminal, one after another; what is typed ahead is kept. */
export interface Dialog {
  /** The answer without blanks around it; `usual` when it is empty. Rejects with CancelledError on Ctrl-C and Ctrl-D. */
  ask(question: string, usual: string): Promise<string>;
  /** Lines below the question, wrapped to the terminal and set in a little. */
  tell(text: string): void;
  close(): void;
}

/** Opens a dialog. Throws Rke2ctlError `no-terminal` where nobody can answer. */
export function openDialog(
  options: PromptOptions,
  streams: PromptStreams = { input: process.stdin, output: process.stderr },
): Dialog {
  requireTerminal('several at once', options, streams);
  const lines = createInterface({ input: streams.input, output: streams.output, terminal: true });
  const early: string[] = [];
  let waiting: { readonly take: (line: string) => void; readonly cancel: () => void } | null = null;
  let isOver = false;
  lines.on('line', (line) => (waiting === null ? early.push(line) : waiting.take(line)));
  const end = () => {
    isOver = true;
    waiting?.cancel();
  };
  lines.once('SIGINT', () => {
    streams.output.write('\n');
    end();
  });
  lines.once('close', end);
  return {
    ask: async (question, usual) => {
      lines.setPrompt(`${cleanLine(question)}${usual === '' ? '' : ` [${usual}]`}: `);
      lines.prompt();
      const known = early.shift();
      if (known !== undefined) return known.trim() || usual;
      if (isOver) throw new CancelledError();
      const line = await new Promise<string>((take, reject) => {
        waiting = { take, cancel: () => reject(new CancelledError()) };
      });
      waiting = null;
      return line.trim() || usual;
    },
    tell: (text) => {
      const { columns = 80 } = streams.output as { readonly columns?: number };
      for (const line of wrapText(cleanText(text), columns - 4)) streams.output.write(`  ${line}\n`);
    },
    close: () => {
      lines.close();
      streams.input.pause();
    },
  };
}

/** Asks for a password without showing it; null when the answer is empty. Throws as `confirm` does. */
export async function askPassword(
  question: string,
  options: PromptOptions,
  streams: PromptStreams = { input: process.stdin, output: process.stderr },
): Promise<Secret | null> {
  requireTerminal(question, options, streams);
  const { input, output } = streams;
  // Who sees the question may type at once: by then the terminal must show nothing any more.
  input.setRawMode?.(true);
  output.write(`${cleanLine(question)}: `);
  try {
    const answer = await readHidden(input, options.signal);
    return answer === '' ? null : new Secret(answer);
  } finally {
    input.setRawMode?.(false);
    input.pause();
    output.write('\n');
  }
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const BACKSPACES = ['\u0008', '\u007f'];

/** Letters up to the end of the line, with the few editing keys that a password prompt knows. */
function readHidden(input: NodeJS.ReadableStream, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const decoder = new TextDecoder();
    const settle = (act: () => void) => {
      input.off('data', onData);
      input.off('end', onEnd);
      signal?.removeEventListener('abort', onAbort);
      act();
    };
    const onAbort = () => settle(() => reject(new CancelledError()));
    const onEnd = () => settle(() => resolve(typed.join('')));
    const onData = (chunk: Buffer | string) => {
      const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
      for (const letter of text) {
        if (letter === CTRL_C) return onAbort();
        if (letter === '\r' || letter === '\n' || letter === CTRL_D) return onEnd();
        if (letter === CTRL_U) typed = [];
        else if (BACKSPACES.includes(letter)) typed.pop();
        else if (letter >= ' ') typed.push(letter);
      }
    };
    if (signal?.aborted) return reject(new CancelledError());
    signal?.addEventListener('abort', onAbort, { once: true });
    input.on('data', onData);
    input.on('end', onEnd);
    input.resume();
  });
}

function requireTerminal(question: string, options: PromptOptions, { input }: PromptStreams): void {
  if (input.isTTY === true) return;
  throw new Rke2ctlError({
    code: 'no-terminal',
    message: `There is a question and no terminal to answer it on: ${cleanLine(question)}`,
    hint: options.hint,
    exitCode: 3,
  });
}
