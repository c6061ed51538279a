import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { RecordedCommand, RecordedConnection } from '../../src/domain/traffic.ts';
import { LocalTransport } from '../../src/transport/local.ts';
import { recordTransport } from '../../src/transport/recording.ts';

describe('recordTransport', () => {
  const record = () => {
    const seen: RecordedCommand[] = [];
    const connections: RecordedConnection[] = [];
    const transport = recordTransport(new LocalTransport(), (traffic) => {
      if (traffic.type === 'command') seen.push(traffic);
      else connections.push(traffic);
    });
    return { seen, connections, transport };
  };

  it('tells line, bytes of stdin, exit code and time, and never the data', async () => {
    const { seen, transport } = record();
    await transport.run({ command: 'cat >/dev/null; exit 3', stdin: 'geheim' });
    expect(seen).toMatchObject([
      { command: 'cat >/dev/null; exit 3', stdinBytes: 6, exitCode: 3, error: null },
    ]);
    expect(seen[0]?.durationMs).toBeGreaterThanOrEqual(0);
    expect(JSON.stringify(seen)).not.toContain('geheim');
  });

  it('tells a connection, and whether somebody talks to a command', async () => {
    const { seen, connections, transport } = record();
    await transport.connect();
    expect(connections).toMatchObject([{ target: transport.target, error: null }]);
    await transport.run({ command: 'true', what: 'Doing nothing' });
    const talk = await transport.start({ command: 'cat' });
    talk.end();
    await talk.result;
    expect(seen).toMatchObject([
      { what: 'Doing nothing', isTalk: false },
      { what: 'A command', isTalk: true },
    ]);
    expect(seen[0]?.startedMs).toBeGreaterThanOrEqual(connections[0]?.startedMs ?? Number.NaN);
  });

  it('counts streams and what is written later', async () => {
    const { seen, transport } = record();
    const stdin = Readable.from([Buffer.alloc(1000), Buffer.alloc(500)]);
    expect((await transport.run({ command: 'wc -c', stdin })).stdout.trim()).toBe('1500');
    const process = await transport.start({ command: 'cat' });
    await process.write('four');
    process.end();
    await process.result;
    expect(seen.map((it) => it.stdinBytes)).toEqual([1500, 4]);
  });

  it('tells of commands that did not end by themselves', async () => {
    const { seen, transport } = record();
    await expect(transport.run({ command: 'sleep 30', timeoutMs: 50 })).rejects.toThrow(/longer than/);
    await expect(transport.run({ command: 'true', signal: AbortSignal.abort() })).rejects.toThrow(/Stopped/);
    expect(seen.map((it) => [it.exitCode, it.error instanceof Error])).toEqual([
      [null, true],
      [null, true],
    ]);
  });

  it('tells of a forgotten command when it is let go, and not of how it ends; of any other how it was cut off', async () => {
    const { seen, transport } = record();
    const [forgotten, missed] = [
      await transport.start({ command: 'cat; sleep 0.2; exit 3' }),
      await transport.start({ command: 'kill -9 $$; sleep 9', timeoutMs: 5_000 }),
    ];
    forgotten.end('forgotten');
    expect(seen).toMatchObject([{ command: 'cat; sleep 0.2; exit 3', exitCode: null, error: null }]);
    missed.end();
    await Promise.allSettled([forgotten.result, missed.result]);
    expect(seen.map(({ command, exitCode }) => [command, exitCode])).toEqual([
      ['cat; sleep 0.2; exit 3', null],
      ['kill -9 $$; sleep 9', 137],
    ]);
  });

  it('hands a broken source on as the reason', async () => {
    const { transport } = record();
    const stdin = new Readable({ read() {} });
    setTimeout(() => stdin.destroy(new Error('the disk is gone')), 20);
    await expect(transport.run({ command: 'cat', stdin })).rejects.toThrow('the disk is gone');
  });
});
