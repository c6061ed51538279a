import { lastWords } from './journal-words.ts';

/** What systemd says of the unit, as one line of the watching script tells it. */
export interface UnitState {
  readonly active: string;
  readonly sub: string;
  readonly restarts: number;
  /** A start or stop that systemd has not carried out yet. */
  readonly hasJob: boolean;
  readonly result: string;
}

/** Why a service does not come up. */
export type ServiceTrouble =
  /** Its process ends again and again, or systemd gave up. */
  | 'failed'
  /** An agent that runs but whose join the server refuses; RKE2 itself would try for ever. */
  | 'join-refused'
  /** A server that runs, but whose datastore on other hosts refuses it or stays silent; RKE2 would try for ever. */
  | 'datastore-refused'
  /** The unit's own condition refused the start: the other role's service runs on this host. */
  | 'skipped';

export type WatchVerdict = 'ready' | 'waiting' | ServiceTrouble;

/** How often a start may fail before it counts as failed: a peer that is just coming up is no reason to give up. */
const MAX_RESTARTS = 3;
/** An agent tries about every two seconds. */
const MAX_REFUSALS = 4;
const KEPT_LINES = 300;

/** An agent never exits when its join is refused; these are the lines that it repeats. */
const JOIN_ATTEMPT =
  /Failed to validate connection to cluster|Waiting to retrieve agent configuration|Node password rejected/;
const REFUSAL =
  /not authorized|unauthorized|\b401\b|forbidden|\b403\b|hash does not match|failed to verify certificate|x509:|Node password rejected|duplicate hostname/i;

/** RKE2's client of an etcd on another host; that of the node's own (127.0.0.1) fails for a while at every start. */
const DATASTORE_ATTEMPT =
  /"logger":"etcd-client".*"target":"etcd-endpoints:\/\/[^/"]*\/(?!127\.|\[::1\]|localhost)/;
const DATASTORE_REFUSAL = /x509:|\btls: |authentication failed/;
const DATASTORE_SILENCE = /dial tcp|code = DeadlineExceeded/;

/** How long a datastore may be silent, by the times in the lines: long enough for one that is just being restarted. */
const DATASTORE_PATIENCE_MS = 60_000;

/** Judges a service that is starting from what systemd and its journal say. Pure: no clock, no connection. */
export class ServiceWatch {
  readonly #lines: string[] = [];
  #firstRestarts: number | null = null;
  #refusals = 0;
  #datastoreRefusals = 0;
  #silentSince: number | null = null;
  #silentMs = 0;
  #idle = 0;
  #isHopeless = false;
  readonly #recognise: (line: string) => boolean;

  /** `recognise`: true for a fatal line, besides refusals, after which another try cannot help. */
  constructor(recognise: (line: string) => boolean = () => false) {
    this.#recognise = recognise;
  }

  /** The last lines of this start, oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Takes a line of the journal; gives the words to show for it. */
  addLine(line: string): string {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    if (JOIN_ATTEMPT.test(line)) this.#refusals = REFUSAL.test(line) ? this.#refusals + 1 : 0;
    this.#hearDatastore(line);
    if (isFatal(line) && (REFUSAL.test(line) || this.#recognise(line))) this.#isHopeless = true;
    return lastWords(line);
  }

  /** While it waits for its datastore RKE2 has nothing else to say: any other line means that it goes on. */
  #hearDatastore(line: string): void {
    if (!DATASTORE_ATTEMPT.test(line)) {
      this.#silentSince = null;
      this.#silentMs = 0;
      return;
    }
    this.#datastoreRefusals = DATASTORE_REFUSAL.test(line) ? this.#datastoreRefusals + 1 : 0;
    const time = DATASTORE_SILENCE.test(line) ? timeOf(line) : null;
    if (time === null) return;
    this.#silentSince ??= time;
    this.#silentMs = time - this.#silentSince;
  }

  judge(state: UnitState): WatchVerdict {
    this.#firstRestarts ??= state.restarts;
    if (state.active === 'active' && !state.hasJob) return 'ready';
    if (this.#refusals >= MAX_REFUSALS) return 'join-refused';
    if (this.#datastoreRefusals >= MAX_REFUSALS || this.#silentMs >= DATASTORE_PATIENCE_MS)
      return 'datastore-refused';
    const restarts = state.restarts - this.#firstRestarts;
    if (restarts >= MAX_RESTARTS || (this.#isHopeless && (restarts > 0 || state.sub === 'auto-restart'))) {
      return 'failed';
    }
    const isAtRest = (state.active === 'inactive' || state.active === 'failed') && !state.hasJob;
    this.#idle = isAtRest ? this.#idle + 1 : 0;
    // Twice: between two states systemd may show neither for a moment.
    if (this.#idle < 2) return 'waiting';
    return state.result === 'exec-condition' ? 'skipped' : 'failed';
  }
}

/** When the etcd client wrote this line, in milliseconds. */
function timeOf(line: string): number | null {
  const time = Date.parse(/"ts":"([^"]+)"/.exec(line)?.[1] ?? '');
  return Number.isNaN(time) ? null : time;
}

/** True for the lines with which RKE2 (or Go) gives up. */
function isFatal(line: string): boolean {
  return /level=fatal|^FATA\[|^panic: |^fatal error: /.test(line);
}
