import { open, writeFile } from 'node:fs/promises';
import type { NodeKey } from '../domain/cluster.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import type { RunEvent } from '../domain/event.ts';
import type { Traffic } from '../domain/traffic.ts';
import { decideStyle } from '../ui/style.ts';
import { renderTimings } from '../ui/trace/timings-view.ts';
import { renderTrace } from '../ui/trace/trace-json.ts';
import { TraceRecorder } from '../ui/trace/trace-recorder.ts';
import type { TraceFlags } from './flags.ts';

/** What listens to a command and tells afterwards where its time went. */
export interface Trace {
  /** What is to hear the events. */
  readonly watchers: readonly ((event: RunEvent) => void)[];
  /** null: nobody listens. */
  readonly traffic: ((key: NodeKey, traffic: Traffic, scrub: (text: string) => string) => void) | null;
  /** Writes the file of `--trace`, prints the table of `--timings`. */
  readonly close: () => Promise<void>;
}

const DEAF: Trace = {
  watchers: [],
  traffic: null,
  close: async () => undefined,
};

/** By the flags of the process: a run that consists of several commands has one trace. */
const RECORDERS = new WeakMap<TraceFlags, TraceRecorder>();

/** Listens if the flags ask for it. Throws before anything is done where the file cannot be written. */
export async function openTrace(flags: TraceFlags): Promise<Trace> {
  const { trace, timings } = flags;
  if (trace === undefined && timings !== true) return DEAF;
  if (trace !== undefined) await tryToWrite(trace);
  const recorder = RECORDERS.get(flags) ?? new TraceRecorder(() => performance.now());
  RECORDERS.set(flags, recorder);
  return {
    watchers: [(event) => recorder.handle(event)],
    traffic: (key, traffic, scrub) => recorder.traffic(key, traffic, scrub),
    close: async () => {
      const { spans, names } = recorder;
      if (timings === true) process.stderr.write(`\n${renderTimings(spans, names, errorStyle())}`);
      if (trace !== undefined) await writeFile(trace, renderTrace(spans, names));
    },
  };
}

/** An existing file is emptied only when there is something to put there. */
async function tryToWrite(path: string): Promise<void> {
  try {
    await (await open(path, 'a')).close();
  } catch (error) {
    throw new Rke2ctlError({
      code: 'trace-unwritable',
      message: `The trace cannot be written to ${path}: ${error instanceof Error ? error.message : String(error)}. Nothing was done.`,
      hint: 'Name a file with `--trace` that you may write, in a directory that is there.',
      exitCode: 3,
    });
  }
}

function errorStyle() {
  const { isTTY, columns } = process.stderr;
  return decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
}
