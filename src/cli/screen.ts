import { chown, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { NodeKey } from '../domain/cluster.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import type { RunEvent } from '../domain/event.ts';
import { Secret } from '../domain/secret.ts';
import type { StateSecrets } from '../domain/state.ts';
import type { RecordedCommand } from '../domain/traffic.ts';
import { type Journal, openJournal } from '../state/journal.ts';
import type { StatePaths } from '../state/state-paths.ts';
import type { StateStore } from '../state/store.ts';
import { createConsoleView } from '../ui/console-view.ts';
import { type Log, openLog } from '../ui/log.ts';
import { askPassword, confirm } from '../ui/prompt.ts';
import { scrubEvent } from '../ui/scrub-event.ts';
import { createScrubber } from '../ui/scrubber.ts';
import type { PausableView, View } from '../ui/view.ts';
import type { Caller } from './cluster-source.ts';
import type { CommonFlags } from './flags.ts';

export interface ScreenOptions {
  readonly flags: CommonFlags;
  readonly paths: StatePaths;
  /** True for commands that change things: their events are shown, logged and journalled. */
  readonly isRun: boolean;
  readonly secrets: readonly Secret[];
  /** They hear every event as well, secrets taken out. */
  readonly watchers: readonly ((event: RunEvent) => void)[];
  /** Shared by the screens of one run, so that nobody is asked twice. */
  readonly answers?: Answers | undefined;
  /** True: what else goes to stdout goes to stderr. */
  readonly quietStdout?: boolean;
}

/** Secrets that were asked for, by the question. */
export type Answers = Map<string, Promise<Secret | null>>;

/** Everything that meets the person: the view, the log and the journal behind it, and questions. Knows every secret. */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #scrubber;
  readonly #view: PausableView | null;
  #sinks: readonly View[] = [];
  #log: Log | null = null;
  #sudoPassword: Promise<Secret | null> | null = null;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#scrubber = createScrubber(options.secrets);
    const { flags, isRun } = options;
    this.#view = isRun ? this.#createView(flags) : null;
  }

  handle(event: RunEvent): void {
    this.#view?.handle(event);
    const { watchers } = this.#options;
    const scrubbed = watchers.length === 0 ? event : scrubEvent(event, this.#scrubber.scrub);
    for (const watch of watchers) watch(scrubbed);
    for (const sink of this.#sinks) sink.handle(event);
  }

  /** A line for the person, above what moves on the screen; on stderr where no view runs. */
  tell(message: string): void {
    if (this.#view === null) process.stderr.write(`\n${message}\n`);
    else this.handle({ type: 'notice', message });
  }

  /** A text without every secret that is known by now. */
  scrub(text: string): string {
    return this.#scrubber.scrub(text);
  }

  /** Makes the folder that state, journal and log go to, and opens the latter two. */
  async openRecords(caller: Caller): Promise<void> {
    const { paths, flags } = this.#options;
    const folder = dirname(paths.state);
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined && caller.owner !== null) await chown(folder, caller.owner.uid, caller.owner.gid);
    const { scrub } = this.#scrubber;
    const journal: Journal = openJournal(paths.journal, {
      now: Date.now,
      scrub,
      onFailure: (error) => this.#log?.write('error', `the journal cannot be written: ${String(error)}`),
    });
    this.#log = openLog({ path: paths.log, scrub, level: flags.verbose === true ? 'debug' : 'info' });
    this.#sinks = [journal, this.#log];
  }

  /** The store, with every token that passes through it known to the scrubber. */
  watchSecrets(store: StateStore): StateStore {
    const learn = ({ serverToken, agentToken, next, former = [] }: StateSecrets) => {
      this.#scrubber.add(serverToken);
      this.#scrubber.add(agentToken);
      if (next !== undefined) learn(next);
      for (const token of former) this.#scrubber.add(token.serverToken);
    };
    return {
      ...store,
      read: async () => {
        const state = await store.read();
        if (state !== null) learn(state.secrets);
        return state;
      },
      write: (state) => {
        learn(state.secrets);
        return store.write(state);
      },
    };
  }

  /** With --verbose: puts a command that ran on a host into the log and on the screen. */
  tellCommand(
    key: NodeKey,
    { target, command, stdinBytes, exitCode, error, durationMs }: RecordedCommand,
  ): void {
    if (this.#options.flags.verbose !== true) return;
    const line = this.#scrubber.scrub(command);
    const ms = Math.round(durationMs);
    const told = { host: key, target, command: line, stdinBytes, exitCode, error, durationMs: ms };
    this.#log?.write('debug', 'command', told);
    process.stderr.write(
      `${key} $ ${firstLine(line)} (${exitCode ?? (error === null ? 'let go' : 'cut off')}, ${ms} ms)\n`,
    );
  }

  ask(question: string): Promise<boolean> {
    return this.#paused(() =>
      confirm(question, { hint: 'Pass `--yes` to answer yes where nobody can be asked.' }),
    );
  }

  /** The one sudo password of this run: from RKE2CTL_SUDO_PASSWORD_FILE, else asked for once. */
  askSudoPassword(target: string): Promise<Secret | null> {
    this.#sudoPassword ??= this.#readSudoPassword(target);
    return this.#sudoPassword;
  }

  askPassphrase(path: string, attempt: number): Promise<Secret | null> {
    return this.#secret('RKE2CTL_KEY_PASSPHRASE_FILE', `Passphrase of ${path}`, attempt);
  }

  close(): void {
    this.#view?.close();
    for (const sink of this.#sinks) sink.close();
    this.#sinks = [];
  }

  #readSudoPassword(target: string): Promise<Secret | null> {
    return this.#secret(
      'RKE2CTL_SUDO_PASSWORD_FILE',
      `Password for sudo on ${target} and the other hosts`,
      1,
    );
  }

  async #secret(variable: string, question: string, attempt: number): Promise<Secret | null> {
    const file = process.env[variable];
    const secret =
      file === undefined || file === ''
        ? await this.#answer(`${question} (${attempt})`, () => this.#askHidden(question, variable))
        : attempt > 1
          ? null
          : await readSecret(file, variable);
    if (secret !== null) this.#scrubber.add(secret);
    return secret;
  }

  #answer(key: string, ask: () => Promise<Secret | null>): Promise<Secret | null> {
    const { answers } = this.#options;
    const known = answers?.get(key) ?? ask();
    answers?.set(key, known);
    return known;
  }

  /** null where nobody can be asked: who wanted the secret says what was missing. */
  async #askHidden(question: string, variable: string): Promise<Secret | null> {
    if (process.stdin.isTTY !== true) return null;
    return this.#paused(() =>
      askPassword(question, { hint: `Put it into a file and name that in ${variable}.` }),
    );
  }

  async #paused<T>(question: () => Promise<T>): Promise<T> {
    this.#view?.pause();
    try {
      return await question();
    } finally {
      this.#view?.resume();
    }
  }

  #createView(flags: CommonFlags): PausableView {
    return createConsoleView({
      output: flags.output,
      verbose: flags.verbose === true,
      scrub: this.#scrubber.scrub,
      env: process.env,
      stdout: this.#options.quietStdout === true ? process.stderr : process.stdout,
      stderr: process.stderr,
    });
  }
}

async function readSecret(file: string, variable: string): Promise<Secret> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Rke2ctlError({
      code: 'secret-file-unreadable',
      message: `${variable} names ${file}, which cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Name a file that you may read, with the secret on its first line.',
      exitCode: 3,
    });
  });
  return new Secret(text.split(/\r?\n/)[0] ?? '');
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
}
