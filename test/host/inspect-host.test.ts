import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { LockedError } from '../../src/domain/errors.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import { type InspectedHost, inspectHost } from '../../src/host/inspect-host.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { SHELLS } from '../support/shells.ts';

const held: InspectedHost[] = [];

afterEach(() => {
  for (const inspected of held.splice(0)) inspected.release();
});

function localHost(shell: readonly string[] = ['/bin/sh']): Host {
  return createHost(createLocalTransport({ shell }), { askSudoPassword: async () => null });
}

async function lock(holder: string, lockPatienceSeconds = 90): Promise<InspectedHost> {
  const inspected = await inspectHost(localHost(), { lock: { holder }, lockPatienceSeconds });
  held.push(inspected);
  return inspected;
}

async function untilLost({ lost }: InspectedHost): Promise<void> {
  while (!lost.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.each(SHELLS)('the probe under %s', (_name, shell) => {
  test('tells what this very machine is', async () => {
    const { facts } = await inspectHost(localHost(shell), {
      lock: null,
      names: ['localhost', 'no.such.invalid'],
    });
    expect(facts.hostname).toBe(hostname());
    expect(facts.bootId).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    expect(facts.memoryBytes).toBeGreaterThan(100_000_000);
    expect(facts.commands).toContain('tar');
    expect(facts.filesystems[0]?.path).toBe('/var/lib/rancher/rke2');
    expect(facts.filesystems[0]?.availableBytes).toBeGreaterThan(0);
    expect(facts.resolved['localhost']?.length).toBeGreaterThan(0);
    expect(facts.resolved['no.such.invalid']).toEqual([]);
    expect(Math.abs(facts.clockOffsetMs)).toBeLessThan(500);
    expect(facts.fsyncMs).toBeNull();
  });
});

describe('the lock of a host', () => {
  test('is named with its holder to whoever comes second', async () => {
    await lock("alice's laptop (pid 7), up");
    const second = inspectHost(localHost(), { lock: { holder: 'bob' } });
    await expect(second).rejects.toBeInstanceOf(LockedError);
    await expect(second).rejects.toThrow(
      /^root@localhost is locked by alice's laptop \(pid 7\), up since \d{4}-\d\d-\d\d \d\d:\d\d UTC \(process \d+ on the host\)/,
    );
  });

  test('tells its own run that it has met itself', async () => {
    const asker = { holder: 'alice (pid 7), up', since: '2026-01-02T03:04:05.006Z' };
    held.push(await inspectHost(localHost(), { lock: asker }));
    const again = inspectHost(localHost(), { lock: asker });
    await expect(again).rejects.toMatchObject({ code: 'same-machine', retryable: true });
    const later = { ...asker, since: '2026-01-02T03:04:05.007Z' };
    await expect(inspectHost(localHost(), { lock: later })).rejects.toBeInstanceOf(LockedError);
  });

  test('does not keep others from looking', async () => {
    await lock('alice');
    const { facts } = await inspectHost(localHost(), { lock: null });
    expect(facts.hostname).toBe(hostname());
  });

  test('is free again after release, and releasing twice does no harm', async () => {
    const first = await lock('alice');
    first.release();
    first.release();
    expect(first.lost.aborted).toBe(false);
    await lock('bob');
  });

  test('is waited for a moment, since the run before may have gone just now', async () => {
    const first = await lock('alice');
    setTimeout(() => first.release(), 400);
    await lock('bob');
  });

  test('falls by itself when no sign of life comes, and its former holder is told', async () => {
    const first = await lock('alice', 1);
    await untilLost(first);
    await lock('bob');
  });

  test('falls when its process on the host is killed', async () => {
    const first = await lock('alice');
    const error = await inspectHost(localHost(), { lock: { holder: 'bob' } }).catch(
      (reason: Error) => reason,
    );
    const pid = Number(/process (\d+)/.exec((error as Error).message)?.[1]);
    process.kill(pid, 'SIGKILL');
    await untilLost(first);
    await lock('bob');
  });
});
