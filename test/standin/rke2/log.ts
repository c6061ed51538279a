/** RKE2's log levels, spelled as its logger prints them. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'fatal';

/** A failure that ends the command: logged as `level=fatal msg="Error: …"`, exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

const settings = { debug: false, startedAt: Date.now() };

/** Turns debug lines on, as `--debug` does. */
export function enableDebugLog(): void {
  settings.debug = true;
}

/** Writes one line to stderr: logfmt, or the short coloured form's text on a terminal. */
export function log(level: LogLevel, message: string): void {
  if (level === 'debug' && !settings.debug) return;
  if (process.stderr.isTTY === true) {
    const seconds = String(Math.floor((Date.now() - settings.startedAt) / 1000)).padStart(4, '0');
    process.stderr.write(`${level.slice(0, 4).toUpperCase()}[${seconds}] ${message}\n`);
    return;
  }
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  process.stderr.write(`time="${time}" level=${level} msg=${quote(message)}\n`);
}

export function info(message: string): void {
  log('info', message);
}

export function warn(message: string): void {
  log('warning', message);
}

/** The text of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function quote(value: string): string {
  return /^[A-Za-z0-9\-._/@^+]+$/.test(value) ? value : JSON.stringify(value);
}
