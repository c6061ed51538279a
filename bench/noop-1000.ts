import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import {
  type CommandEnd,
  type SimulatedHosts,
  simulateHosts,
  spreadFaults,
} from '../test/simulated-hosts/simulate-hosts.ts';
import { buildProgram } from './build-program.ts';
import type { Figure } from './figure.ts';
import type { Fixture } from './fixture.ts';
import { interleave } from './measure.ts';

const RUNS = 15;
const SERVERS = 3;
const WORKERS = 997;
const FAULTY = 50;
const MOST_MB = 400;
/** Of 20, 50, 100 and 200 at once this is what bare ssh2 is fastest with here. */
const WINDOW = 200;

/** The process that plays the 1,000 hosts, and what the kernel says of a program that ran. */
const simulated: Fixture<SimulatedHosts> = {
  make: async () => {
    const value = await simulateHosts({
      servers: SERVERS,
      workers: WORKERS,
      port: 2222,
      connectTimeout: '5s',
    });
    return { value, end: () => value.close() };
  },
};

/**
 * An `up` that finds nothing to do on 1,000 hosts, against the least that ssh2 can do there: log in, `true`, end. Both with
 * their start-up. More than 400 MB of memory, as the kernel counted it, is an error.
 */
export const noop1000Figure: Figure = {
  name: 'noop-1000',
  limit: 1.3,
  fixtures: [simulated],
  measure: async (share) => {
    const hosts = await share(simulated);
    await hosts.setFaults({});
    const peak = await hosts.peakMemory('up');
    if (peak > MOST_MB) throw new Error(`up took ${Math.round(peak)} MB, more than ${MOST_MB}`);
    console.log(`  most memory of a no-op up: ${Math.round(peak)} MB`);
    const bare = await buildProgram('bare-ssh2');
    const key = join(hosts.directory, 'id_ed25519');
    const arguments_ = [bare, join(hosts.directory, 'known_hosts'), key, 'root', String(WINDOW)];
    return await interleave(
      RUNS,
      { name: 'no-op up of 1,000 simulated hosts', run: () => upWithNothingToDo(hosts) },
      {
        name: `ssh2 alone: login and true, ${WINDOW} at a time`,
        run: async () => void (await execa(process.execPath, arguments_, { env: hosts.environment })),
      },
    );
  },
};

/**
 * The time until the last of 950 good hosts has answered while 50 others are dead, silent or half-open, against the time
 * until the same 950 have answered when all are well; both from the trace. Those 50 must all be in the table at the end.
 */
export const noop1000FaultsFigure: Figure = {
  name: 'noop-1000-faults',
  limit: 1.1,
  fixtures: [simulated],
  measure: async (share) => {
    const hosts = await share(simulated);
    const faults = spreadFaults(hosts.addresses, FAULTY, SERVERS);
    const ill = Object.keys(faults).map((address) => `${address}:${hosts.port}`);
    return await interleave(
      RUNS,
      {
        name: `until the last of ${SERVERS + WORKERS - FAULTY} has answered, ${FAULTY} others ill`,
        before: () => hosts.setFaults(faults),
        run: async () => {
          const end = await hosts.rke2ctl('up', '--trace', 'trace.json');
          const named = end.stdout.split('\n').filter((line) => line.includes('unreachable'));
          const missing = ill.filter((key) => !named.some((line) => line.startsWith(`${key} `)));
          if (end.exitCode !== 4 || missing.length > 0 || named.length !== FAULTY)
            throw new Error(`not in the table: ${missing.join(', ')} (${named.length} are): ${said(end)}`);
          return await lastAnswer(hosts, ill);
        },
      },
      {
        name: 'until the same have answered, all well',
        before: () => hosts.setFaults({}),
        run: async () => {
          const end = await hosts.rke2ctl('up', '--trace', 'trace.json');
          if (end.exitCode !== 0) throw new Error(said(end));
          return await lastAnswer(hosts, ill);
        },
      },
    );
  },
};

async function upWithNothingToDo(hosts: SimulatedHosts): Promise<void> {
  const end = await hosts.rke2ctl('up');
  if (end.exitCode !== 0 || !end.stdout.includes('Nothing to do')) throw new Error(said(end));
}

function said({ exitCode, stdout, stderr }: CommandEnd): string {
  return `up ended with ${exitCode}: ${stderr.slice(0, 4_000)}${stdout.slice(0, 4_000)}`;
}

interface TraceEvent {
  readonly ph: string;
  readonly cat?: string;
  readonly name: string;
  readonly pid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly name?: string; readonly failure?: string };
}

/** Seconds from the start of the process until the last host but those of `without` had answered. */
async function lastAnswer(hosts: SimulatedHosts, without: readonly string[]): Promise<number> {
  const text = await readFile(join(hosts.directory, 'trace.json'), 'utf8');
  const { traceEvents } = JSON.parse(text) as { readonly traceEvents: readonly TraceEvent[] };
  const left = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'process_name' && without.some((key) => args.name?.includes(key)))
      .map(({ pid }) => pid),
  );
  const looks = traceEvents.filter(({ ph, cat, pid }) => ph === 'X' && cat === 'look' && !left.has(pid));
  const failed = looks.filter(({ args }) => args.failure !== undefined);
  if (looks.length !== hosts.addresses.length - without.length || failed.length > 0)
    throw new Error(`${looks.length} good hosts in the trace, ${failed.length} of them failed`);
  return Math.max(...looks.map(({ ts, dur }) => ts + dur)) / 1_000_000;
}
