import { readFile } from 'node:fs/promises';

/** What went to one host, as the trace of a command has it. */
export interface HostTraffic {
  readonly connections: number;
  /** What each command was called, in alphabetical order. */
  readonly commands: readonly string[];
  /** Sent to all of them, files included. */
  readonly sentBytes: number;
}

interface TraceEvent {
  readonly ph: 'X' | 'M';
  readonly name: string;
  readonly cat?: string;
  readonly pid: number;
  readonly args: { readonly name?: string; readonly sentBytes?: number };
}

const COMMANDS = ['command', 'transfer', 'talk'];

/** Counts the traffic in a file of `--trace`, for each of the hosts by a piece of its name there. */
export async function countTraffic(path: string, hosts: readonly string[]): Promise<readonly HostTraffic[]> {
  const { traceEvents } = JSON.parse(await readFile(path, 'utf8')) as { traceEvents: readonly TraceEvent[] };
  return hosts.map((host) => {
    const process = traceEvents.find(
      ({ name, args }) => name === 'process_name' && args.name?.includes(host) === true,
    );
    const own = traceEvents.filter(({ ph, pid }) => ph === 'X' && pid === process?.pid);
    const commands = own.filter(({ cat = '' }) => COMMANDS.includes(cat));
    return {
      connections: own.filter(({ cat }) => cat === 'connection').length,
      commands: commands.map(({ name }) => name).toSorted(),
      sentBytes: commands.reduce((sum, { args }) => sum + (args.sentBytes ?? 0), 0),
    };
  });
}

/** Bytes that a command sent to all hosts together by SSH, files included, as its trace has it. */
export async function sentInAll(path: string): Promise<number> {
  const { traceEvents } = JSON.parse(await readFile(path, 'utf8')) as { traceEvents: readonly TraceEvent[] };
  return traceEvents.reduce((sum, { args }) => sum + (args?.sentBytes ?? 0), 0);
}
