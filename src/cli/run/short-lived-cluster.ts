import { durationText } from '../../ui/duration-text.ts';
import type { RunRecorder } from '../../ui/run-report.ts';
import type { UpFlags } from '../flags.ts';
import { type Begun, type MakeOptions, makeCluster, type RunParts, removeCommand } from './make-cluster.ts';
import { type EarlyEnd, listenToRun, type RunSignals } from './run-signals.ts';
import { unmakeCluster } from './unmake-cluster.ts';

export interface ShortLivedOptions
  extends Pick<MakeOptions, 'command' | 'flags' | 'wait' | 'mustBeNew' | 'quietStdout'> {
  readonly recorder: RunRecorder;
  /** For making and using it, in ms; null: as long as it takes. */
  readonly timeoutMs: number | null;
  /** What the cluster is for; gives an exit code. Only called once it is there. */
  readonly use: (begun: Begun, person: Person & { readonly signals: RunSignals }) => Promise<number>;
  /** Why a cluster is kept after this end of its use, as a sentence (empty: that goes without saying); null: it is taken away. */
  readonly keeps: (code: number, end: EarlyEnd | null, begun: Begun) => string | null;
}

/** Whoever watches the run. */
export interface Person {
  readonly say: (message: string) => void;
}

/** As `timeout` of coreutils has it. */
const TIMED_OUT = 124;
const INTERRUPTED = 130;

/** After a second Ctrl-C connections get this long to be closed in order. */
const PATIENCE_MS = 3_000;

type Phase = 'making' | 'using' | 'removing';

/**
 * Makes a cluster, uses it, and takes it away again unless it is to be kept, whatever happens meanwhile. Gives the exit
 * code of what went wrong first: making, using or removing it; 124 when the time was up, 130 when it was interrupted.
 */
export async function withShortLivedCluster(options: ShortLivedOptions): Promise<number> {
  const { flags, recorder, timeoutMs } = options;
  let phase: Phase = 'making';
  let tell: ((message: string) => void) | null = null;
  const say = (message: string) => {
    if (tell === null) process.stderr.write(`${message}\n`);
    else tell(message);
  };
  const signals = listenToRun({
    timeoutMs,
    onEnd: (end) => say(`${end === 'timeout' ? timeUp(timeoutMs) : ''}${nextText(phase, options)}`),
  });
  const parts: RunParts = {
    signals,
    recorder,
    answers: new Map(),
    quietStdout: options.quietStdout,
    tellBy: (teller) => {
      tell = teller;
    },
  };
  const sayLeft = () => say(leftText(recorder.left(), flags));
  const patience = endSoon(signals.abort, sayLeft);
  try {
    const { code: made, begun } = await makeCluster({ ...options, ...parts });
    if (begun === null) return codeOf(made, signals.why());
    phase = 'using';
    const isReady = made === 0 && !signals.ending.aborted;
    const used = isReady ? await options.use(begun, { signals, say }) : made;
    signals.disarm();
    phase = 'removing';
    const end = signals.why();
    const code = codeOf(used, end);
    const reason = options.keeps(code, end, begun);
    if (reason !== null && !signals.abort.aborted) {
      if (reason !== '') say(reason);
      return code;
    }
    const removed = signals.abort.aborted
      ? INTERRUPTED
      : await unmakeCluster({ ...parts, begun, flags, say });
    if (removed === 0) return code;
    sayLeft();
    return code === 0 ? removed : code;
  } finally {
    patience.close();
    signals.close();
  }
}

function codeOf(code: number, end: EarlyEnd | null): number {
  if (end === null) return code;
  return end === 'timeout' ? TIMED_OUT : INTERRUPTED;
}

/** Ends this process soon after the signal, whatever still holds it, with a last word. */
function endSoon(abort: AbortSignal, lastWord: () => void): { readonly close: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => {
      lastWord();
      process.exit(INTERRUPTED);
    }, PATIENCE_MS);
  };
  abort.addEventListener('abort', onAbort, { once: true });
  return {
    close: () => {
      clearTimeout(timer);
      abort.removeEventListener('abort', onAbort);
    },
  };
}

function timeUp(timeoutMs: number | null): string {
  return `The time is up: it has taken ${durationText(timeoutMs ?? 0)}, as long as \`--timeout\` allows. `;
}

function nextText(phase: Phase, { mustBeNew }: ShortLivedOptions): string {
  if (phase === 'removing') return 'The cluster is being removed; Ctrl-C once more leaves the rest as it is.';
  const now = phase === 'using' ? 'The command is told to end' : 'What is in hand is ended';
  const then = mustBeNew
    ? 'then the cluster is removed'
    : 'and a cluster that was not there before is removed';
  return `${now}, ${then}; Ctrl-C once more leaves everything as it is.`;
}

function leftText(nodes: readonly string[], flags: UpFlags): string {
  if (nodes.length === 0) return 'Nothing of the cluster is left on the hosts.';
  const named = nodes.slice(0, MOST_NAMES).join(', ');
  const more = nodes.length > MOST_NAMES ? ` and ${nodes.length - MOST_NAMES} more` : '';
  return `The cluster was not taken away whole. What is left is on ${named}${more}. \`${removeCommand(flags)}\` takes the cluster away.`;
}

const MOST_NAMES = 20;
