import { randomBytes } from 'node:crypto';
import type { Service } from '../domain/role.ts';
import { unitName } from '../rke2/paths.ts';
import type { RemoteProcess } from '../transport/transport.ts';
import { removeFiles } from './files.ts';
import type { Host } from './host.ts';
import { type ServiceTrouble, ServiceWatch, type UnitState, type WatchVerdict } from './service-watch.ts';
import { readState, START } from './start-script.ts';

export interface StartOptions {
  readonly restart: boolean;
  /** A file (0600) that is there from before the start until the outcome's `end` takes it away. Nothing secret. */
  readonly guide?: { readonly path: string; readonly content: string };
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** The service's last words, as they come. */
  readonly onWords?: (words: string) => void;
  /** True for a fatal line after which another try cannot help; then the next restart is not waited for. */
  readonly recognise?: (line: string) => boolean;
}

export type ServiceOutcome =
  /** `end` is to be called, and takes the guide away if told so. */
  | { readonly ready: true; readonly end: (takeAway: boolean) => Promise<void> }
  /** `lines`: the journal of this start, oldest first, its end if it was long. */
  | {
      readonly ready: false;
      readonly trouble: ServiceTrouble | 'timeout';
      readonly lines: readonly string[];
    };

/**
 * Enables the service, starts it (or starts it anew) and waits until it is READY, by one command that streams the unit's
 * state and its journal: RKE2's units only count as started once they are READY, and have no time limit. A service that
 * does not come up is an outcome, not an error. Rejects with RemoteCommandError when systemd takes no order,
 * CancelledError or ConnectionLostError.
 */
export async function startService(
  host: Host,
  service: Service,
  options: StartOptions,
): Promise<ServiceOutcome> {
  const { restart, guide, timeoutMs, signal } = options;
  const mark = `@${randomBytes(6).toString('hex')}`;
  let process: RemoteProcess | null = null;
  const look = () => void process?.write('look\n').catch(() => undefined);
  const ear = new Ear(mark, options, look);
  const verb = restart ? 'restart' : 'start';
  const started = await host.start(START, {
    args: [mark, unitName(service), verb, ...(guide === undefined ? [] : [guide.path, guide.content])],
    what: `${restart ? 'Restarting' : 'Starting'} ${service}`,
    onStdout: (chunk) => ear.hear(chunk),
    ...(signal === undefined ? {} : { signal }),
  });
  process = started;
  const timer = setTimeout(() => ear.verdict.give('timeout'), timeoutMs);
  try {
    const verdict = await Promise.race([ear.verdict.given, started.result.then(() => 'failed' as const)]);
    if (verdict === 'ready') return { ready: true, end: (takeAway) => end(takeAway) };
    started.end();
    // Once told to end the host still sends what the journal had left to say.
    await started.result;
    return { ready: false, trouble: verdict, lines: ear.lines };
  } finally {
    clearTimeout(timer);
  }

  async function end(takeAway: boolean): Promise<void> {
    started.result.catch(() => undefined);
    try {
      if (!takeAway || guide === undefined) return;
      const asked = started.write('take away\n').then(() => ear.takenAway.given);
      const isGone = await Promise.race([asked, started.result.then(() => false)]).catch(() => false);
      if (!isGone) await removeFiles(host, [guide.path], signal === undefined ? {} : { signal });
    } finally {
      started.end();
    }
  }
}

/** systemd's own word in the journal: worth a look at once. */
const STARTED = /^Started /;

type FinalVerdict = Exclude<WatchVerdict, 'waiting'> | 'timeout';

/** Hears what the script says: states are judged, lines of the journal kept and shown. */
class Ear {
  readonly verdict = new Answer<FinalVerdict>();
  readonly takenAway = new Answer<boolean>();
  readonly #mark: string;
  readonly #watch: ServiceWatch;
  readonly #onWords: StartOptions['onWords'];
  readonly #look: () => void;
  #rest = '';

  /** `look` is to have the script tell the state at once. */
  constructor(mark: string, { recognise, onWords }: StartOptions, look: () => void) {
    this.#mark = mark;
    this.#watch = new ServiceWatch(recognise);
    this.#onWords = onWords;
    this.#look = look;
  }

  get lines(): readonly string[] {
    return this.#watch.lines;
  }

  hear(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('utf8')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.#take(line);
  }

  #take(line: string): void {
    const state = readState(line, this.#mark);
    if (line === `${this.#mark} taken away`) this.takenAway.give(true);
    else if (state !== null) this.#judge(state);
    else {
      const words = this.#watch.addLine(line);
      this.#onWords?.(words);
      if (STARTED.test(line)) this.#look();
    }
  }

  #judge(state: UnitState): void {
    const verdict = this.#watch.judge(state);
    if (verdict !== 'waiting') this.verdict.give(verdict);
  }
}

/** The first word that is given. */
class Answer<T> {
  readonly given: Promise<T>;
  #give: (word: T) => void = () => undefined;

  constructor() {
    this.given = new Promise((resolve) => {
      this.#give = resolve;
    });
  }

  give(word: T): void {
    this.#give(word);
  }
}
