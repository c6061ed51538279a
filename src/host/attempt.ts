import type { LoadedScript } from './loader.ts';
import type { StderrGate } from './stderr-gate.ts';

/** The state of one command: what went out, what came back, what went wrong on our side. */
export interface Attempt {
  readonly gate: StderrGate;
  /** Forgotten once it has been sent and will not be again: a lock lasts as long as the run. */
  loaded: LoadedScript;
  /** False when how to become root was known and no password is needed: then all of stdin can go out at once. */
  readonly talks: boolean;
  /** Tells who waits for this command's finding whether it was learned how to become root. */
  readonly learned: (() => void) | null;
  readonly onSend: () => void;
  readonly what: string;
  passwordGiven: boolean;
  passwordMissing: boolean;
  /** What went wrong on our side, when asking for the password. */
  failure: unknown;
  /** Ends the command once it has been launched. */
  stop: () => void;
}
