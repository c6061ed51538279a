import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedHosts, simulateHosts, spreadFaults } from '../simulated-hosts/simulate-hosts.ts';

const SERVERS = 3;
const WORKERS = 97;
const FAULTY = 9;
const TIMEOUT_S = 4;

let hosts: SimulatedHosts;

beforeAll(async () => {
  const port = 2200 + (process.pid % 200);
  hosts = await simulateHosts({
    servers: SERVERS,
    workers: WORKERS,
    port,
    connectTimeout: `${TIMEOUT_S}s`,
  });
});

afterAll(() => hosts?.close());

interface Look {
  readonly cat?: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly failure?: string };
}

/** How each host's look ended, in the order of the ends; undefined where it went well. */
async function looks(): Promise<readonly (string | undefined)[]> {
  const text = await readFile(join(hosts.directory, 'trace.json'), 'utf8');
  const { traceEvents } = JSON.parse(text) as { readonly traceEvents: readonly Look[] };
  return traceEvents
    .filter(({ cat }) => cat === 'look')
    .sort((a, b) => a.ts + a.dur - b.ts - b.dur)
    .map(({ args }) => args.failure);
}

describe('a hundred hosts that answer the probe', () => {
  it('have nothing to do, and say so in few lines', async () => {
    const { exitCode, stdout, stderr } = await hosts.rke2ctl('up');
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Nothing to do')]);
    expect(stderr.split('\n').length).toBeLessThan(10);
  });

  it('do not wait for those that are dead, silent or half-open, and the table at the end names these', async () => {
    const faults = spreadFaults(hosts.addresses, FAULTY, SERVERS);
    await hosts.setFaults(faults);

    const { exitCode, stdout } = await hosts.rke2ctl('up', '--trace', 'trace.json');

    expect(exitCode).toBe(4);
    const rows = stdout.split('\n').filter((line) => line.includes(' unreachable '));
    expect(rows.map((row) => row.split(':')[0]).toSorted()).toEqual(Object.keys(faults).toSorted());
    expect(stdout).toContain(`and ${SERVERS + WORKERS - FAULTY} nodes unchanged`);
    expect(stdout.split('\n').length).toBeLessThan(FAULTY + 8);
    // All that are well had answered before the first of the silent ones was given up.
    const ends = await looks();
    expect(ends).toHaveLength(SERVERS + WORKERS);
    expect(ends.indexOf('connect-timeout')).toBeGreaterThan(ends.lastIndexOf(undefined));
  });

  it('have nothing to do again once all are well', async () => {
    await hosts.setFaults({});
    const { exitCode, stdout } = await hosts.rke2ctl('up');
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Nothing to do')]);
  });
});
