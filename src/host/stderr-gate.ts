import type { Elevation } from './loader.ts';
import { passwordPrompt } from './loader.ts';

/**
 * What the far side lets us know before the script runs. `over`: it ended without ever getting there; `silence`: nothing
 * came for as long as one was willing to wait.
 */
export type GateEvent = 'prompt' | 'ready' | 'over' | 'silence';

const KEPT_BYTES = 128 * 1024;

/**
 * Stands between a command's stderr and its reader: reads the loader's marks, keeps what sudo and the login shell said
 * before the script began apart from what the script says itself.
 */
export class StderrGate {
  /** Set once the first mark came; `none`: neither root nor sudo. */
  elevation: Elevation | 'none' | null = null;
  /** Process id of the script's root shell, once it runs. */
  pid: number | null = null;
  readonly #mark: string;
  readonly #onStderr: ((chunk: Buffer) => void) | undefined;
  readonly #events: GateEvent[] = [];
  #wake: (() => void) | null = null;
  #before = '';
  #prompts = 0;
  #after: Buffer[] = [];
  #afterBytes = 0;
  #open = false;

  constructor(mark: string, onStderr: ((chunk: Buffer) => void) | undefined) {
    this.#mark = mark;
    this.#onStderr = onStderr;
  }

  /** True once the script itself runs. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** What was said before the script ran, without our marks. */
  get wordsBefore(): string {
    return this.#before
      .split('\n')
      .map((line) => line.replaceAll(passwordPrompt(this.#mark), ''))
      .filter((line) => !line.startsWith(this.#mark) && line.trim() !== '')
      .join('\n');
  }

  /** What the script wrote to stderr, its end if it was long. */
  get stderr(): string {
    return Buffer.concat(this.#after).toString('utf8');
  }

  feed(chunk: Buffer): void {
    if (this.#open) {
      this.#pass(chunk);
      return;
    }
    // latin1 keeps bytes as they are, so that what follows the mark can be handed on unharmed.
    this.#before += chunk.toString('latin1');
    const elevation = this.#told(' elevation ');
    if (elevation !== null) this.elevation = elevation.word as Elevation | 'none';
    const prompts = this.#before.split(passwordPrompt(this.#mark)).length - 1;
    for (; this.#prompts < prompts; this.#prompts += 1) this.#tell('prompt');
    const ready = this.#told(' ready ');
    if (ready === null) return;
    this.pid = Number(ready.word);
    this.#open = true;
    const rest = Buffer.from(this.#before.slice(ready.end), 'latin1');
    this.#before = this.#before.slice(0, ready.start);
    this.#tell('ready');
    if (rest.length > 0) this.#pass(rest);
  }

  /** The word of one of our marks, once its line is whole; the last where it was told again. A sudo that refuses may repeat the loader. */
  #told(mark: string): { readonly word: string; readonly start: number; readonly end: number } | null {
    const start = this.#before.lastIndexOf(`${this.#mark}${mark}`);
    const end = start < 0 ? -1 : this.#before.indexOf('\n', start);
    if (end < 0) return null;
    const word = this.#before.slice(start + this.#mark.length + mark.length, end);
    return /^[\w-]+$/.test(word) ? { word, start, end: end + 1 } : null;
  }

  /** The command ended; whoever waits is told. */
  close(): void {
    this.#tell('over');
  }

  /** The next event; one reader only. */
  async next(patienceMs: number): Promise<GateEvent> {
    if (this.#events.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#events.shift() ?? 'silence';
  }

  #tell(event: GateEvent): void {
    this.#events.push(event);
    this.#wake?.();
    this.#wake = null;
  }

  #pass(chunk: Buffer): void {
    this.#onStderr?.(chunk);
    this.#after.push(chunk);
    this.#afterBytes += chunk.length;
    while (this.#afterBytes > KEPT_BYTES && this.#after.length > 1) {
      this.#afterBytes -= this.#after.shift()?.length ?? 0;
    }
  }
}
