import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultKind } from './fault-records.ts';
import { createLab, type Lab, type LabHost } from './lab.ts';
import { canConnect, sshThroughBastion } from './reach.ts';

let lab: Lab;
const before = new Map<string, string[]>();

beforeAll(async () => {
  lab = await createLab({ hosts: 2, bastion: true, lb: true, sudo: 'password', name: 'faults-test' });
  for (const host of ['node1', 'node2']) before.set(host, await lab.listing(host));
});

afterAll(async () => {
  await lab?.destroy();
});

describe('a fault', () => {
  test('link-down, partition and drop-port cut exactly what they say', async () => {
    await listen('node2', 7001);
    await listen('node2', 7002);
    const ports = async (): Promise<string[]> =>
      Promise.all([7001, 7002].map((port) => canConnect(lab, 'node1', '198.18.1.2', port)));
    expect(await ports()).toEqual(['open', 'open']);
    await withFault('node2', 'drop-port', '7001', async () =>
      expect(await ports()).toEqual(['silent', 'open']),
    );
    await withFault('node2', 'partition', undefined, async () => {
      expect(await ports()).toEqual(['silent', 'silent']);
      expect((await lab.run(['bash', '-c', 'exec 3<>/dev/tcp/198.18.1.2/7002'])).exitCode).toBe(0);
    });
    await withFault('node2', 'link-down', undefined, async () => {
      expect((await lab.exec('node2', ['cat', '/sys/class/net/host0/carrier'])).stdout).toBe('0');
      expect(await ports()).not.toContain('open');
    });
    await expect.poll(ports, { timeout: 10_000 }).toEqual(['open', 'open']);
    for (const port of [7001, 7002]) await stopListening('node2', port);
  });

  test('slow limits the rate', async () => {
    const seconds = async (): Promise<number> => {
      const begin = Date.now();
      await lab.run(sshThroughBastion(lab, hostAt(0), 'head -c 400000 /dev/urandom'));
      return (Date.now() - begin) / 1000;
    };
    await withFault('node1', 'slow', '1mbit', async () => expect(await seconds()).toBeGreaterThan(2.5));
    expect(await seconds()).toBeLessThan(2.5);
  });

  test('loss loses packets', async () => {
    await listen('node2', 7003);
    const tenTimes = 'for i in 1 2 3 4 5 6 7 8 9 0; do exec 3<>/dev/tcp/198.18.1.2/7003; done';
    const seconds = async (): Promise<number> => {
      const begin = Date.now();
      await lab.exec('node1', ['bash', '-c', tenTimes], { timeoutMs: 20_000 });
      return (Date.now() - begin) / 1000;
    };
    expect(await seconds()).toBeLessThan(1);
    // A lost packet of a handshake is sent again after a second; that none of twenty is lost happens once in 1,200 times.
    await withFault('node2', 'loss', '30', async () => expect(await seconds()).toBeGreaterThan(0.95));
    await stopListening('node2', 7003);
  });

  test('kill-sshd ends the sessions, and systemd brings the daemon back', async () => {
    const session = lab.spawn(sshThroughBastion(lab, hostAt(0), 'sleep 60'));
    await expect
      .poll(async () => (await lab.exec('node1', ['pgrep', '-f', 'sleep 60'])).exitCode, { timeout: 10_000 })
      .toBe(0);
    await lab.fault('node1', 'kill-sshd');
    expect((await session).exitCode).toBe(255);
    await expect
      .poll(async () => (await lab.run(sshThroughBastion(lab, hostAt(0), 'true'))).exitCode, {
        timeout: 10_000,
      })
      .toBe(0);
    await lab.exec('node1', ['pkill', '-f', 'sleep 60']);
  });

  test('freeze stops the host without closing anything', async () => {
    await withFault('node1', 'freeze', undefined, async () =>
      expect(
        (await lab.run(['timeout', '2', ...sshThroughBastion(lab, hostAt(0), 'true')])).exitCode,
      ).not.toBe(0),
    );
    expect((await lab.run(sshThroughBastion(lab, hostAt(0), 'true'))).exitCode).toBe(0);
  });

  test('full-disk leaves no room, and what was written stays after it', async () => {
    const fill = 'echo kept >/var/lib/rancher/kept; head -c 3000000 /dev/zero >/var/lib/rancher/big';
    await withFault('node1', 'full-disk', '2m', async () => {
      const result = await lab.exec('node1', ['sh', '-c', fill]);
      expect(result.stderr).toContain('No space left on device');
    });
    expect((await lab.exec('node1', ['cat', '/var/lib/rancher/kept'])).stdout).toBe('kept');
    await lab.exec('node1', ['rm', '-r', '/var/lib/rancher']);
  });

  test('host-key changes what the host shows, and heal brings the old one back', async () => {
    const scan = async (): Promise<string> => {
      const command = ['ssh-keyscan', '-t', 'ed25519', '-T', '3', '198.18.1.1'];
      return (await lab.exec('bastion', command)).stdout;
    };
    const before = await scan();
    expect(before).toContain('ssh-ed25519');
    await withFault('node1', 'host-key', undefined, async () => {
      await expect.poll(scan).toContain('ssh-ed25519');
      expect(await scan()).not.toBe(before);
    });
    await expect.poll(scan).toBe(before);
  });

  test('readonly-usr-local refuses writing, over a power cut too', async () => {
    const write = ['touch', '/usr/local/x'];
    await withFault('node1', 'readonly-usr-local', undefined, async () => {
      expect((await lab.exec('node1', write)).stderr).toContain('Read-only file system');
      await lab.fault('node1', 'power-off');
      await lab.powerOn('node1');
      expect((await lab.exec('node1', write)).exitCode).toBe(1);
      expect((await lab.exec('node1', ['mountpoint', '/usr/local'])).exitCode).toBe(0);
    });
    expect((await lab.exec('node1', write)).exitCode).toBe(0);
    await lab.exec('node1', ['rm', '/usr/local/x']);
  });

  test('clock is wrong in SSH sessions, below sudo and in services', async () => {
    const offsets = async (): Promise<number[]> => {
      const [host, password] = [hostAt(0), `${hostAt(0).sudoPassword}\n`];
      const begin = Date.now() / 1000;
      const plain = await lab.run(sshThroughBastion(lab, host, 'date +%s'));
      const sudo = await lab.run(sshThroughBastion(lab, host, "sudo -S -p '' date +%s"), { stdin: password });
      const service = await lab.exec('node1', ['systemd-run', '--quiet', '--wait', '--pipe', 'date', '+%s']);
      return [plain, sudo, service].map((result) => Math.floor(Number(result.stdout) - begin));
    };
    const near = (offset: number, expected: number): boolean =>
      offset >= expected - 1 && offset <= expected + 5;
    await withFault('node1', 'clock', '+1000s', async () =>
      expect(await offsets()).toSatisfy((all: number[]) => all.every((offset) => near(offset, 1000))),
    );
    expect(await offsets()).toSatisfy((all: number[]) => all.every((offset) => near(offset, 0)));
  });

  test('port-taken holds the port', async () => {
    const owner = async (): Promise<string> =>
      (await lab.exec('node1', ['ss', '-Hltnp', 'sport = :6443'])).stdout;
    await withFault('node1', 'port-taken', '6443', async () => expect(await owner()).toContain('python3'));
    expect(await owner()).toBe('');
  });

  test('with a wrong argument is refused and named', async () => {
    await expect(lab.fault('node1', 'drop-port')).rejects.toThrow("'drop-port' needs a port");
    await expect(lab.fault('node1', 'slow', 'very')).rejects.toThrow('a rate such as 512kbit');
    await expect(lab.fault('node9', 'slow')).rejects.toThrow('it has node1, node2, bastion, lb');
  });
});

describe('the load balancer', () => {
  test('leads to the servers that live and to no other', async () => {
    const ask = async (port: number): Promise<string> =>
      (
        await lab.run([
          'curl',
          '-sk',
          '-m',
          '2',
          '-w',
          ' %{http_code}',
          `https://${lab.lb?.address}:${port}/x`,
        ])
      ).stdout;
    expect(await ask(9345)).toBe(' 000');
    await serve('node1', 9345, 200, 'wrong');
    await serve('node2', 9345, 200, 'pong');
    await serve('node2', 6443, 401, 'who are you');
    await expect.poll(() => ask(6443), { timeout: 10_000 }).toBe('who are you 401');
    await expect.poll(() => ask(9345), { timeout: 10_000 }).toBe('pong 200');
    for (const _ of [1, 2, 3]) expect(await ask(9345)).toBe('pong 200');
    await stopServing('node2', 9345);
    await expect.poll(() => ask(9345), { timeout: 10_000 }).toBe(' 000');
    await stopServing('node2', 6443);
    await stopServing('node1', 9345);
  });
});

describe('healing', () => {
  test('leaves the hosts as they were before any fault', async () => {
    for (const [host, listing] of before) expect(await lab.listing(host)).toEqual(listing);
  });

  test('without a kind undoes all faults of the host and switches it on', async () => {
    for (const kind of ['readonly-usr-local', 'clock', 'link-down', 'power-off'] as const)
      await lab.fault('node2', kind);
    await lab.heal('node2');
    expect(await lab.listing('node2')).toEqual(before.get('node2'));
    expect((await lab.run(sshThroughBastion(lab, hostAt(1), 'true'))).exitCode).toBe(0);
  });
});

function hostAt(index: number): LabHost {
  const host = lab.hosts[index];
  if (host === undefined) throw new Error('the lab has too few hosts');
  return host;
}

/** On the load balancer's ports: what a server says there as far as the health checks see it, with TLS by openssl's own. */
async function serve(host: string, port: number, status: number, body: string): Promise<void> {
  const program = `const { readFileSync } = require('fs');
    const options = { key: readFileSync('/run/serve-${port}.key'), cert: readFileSync('/run/serve-${port}.crt') };
    require('https').createServer(options, (_, answer) => answer.writeHead(${status}).end('${body}')).listen(${port});`;
  const certificate =
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=serve';
  await lab.exec(host, [
    'sh',
    '-c',
    `${certificate} -keyout /run/serve-${port}.key -out /run/serve-${port}.crt`,
  ]);
  await lab.exec(host, ['firewall-cmd', '--quiet', `--add-port=${port}/tcp`]);
  const unit = ['systemd-run', '--quiet', '--collect', `--unit=serve-${port}`];
  await lab.exec(host, [...unit, '/usr/lib/rke2-standin/bin/node', '-e', program]);
}

async function stopServing(host: string, port: number): Promise<void> {
  await lab.exec(host, ['systemctl', 'stop', `serve-${port}`]);
  await lab.exec(host, ['firewall-cmd', '--quiet', `--remove-port=${port}/tcp`]);
  await lab.exec(host, ['rm', '-f', `/run/serve-${port}.key`, `/run/serve-${port}.crt`]);
}

async function withFault(
  host: string,
  kind: FaultKind,
  argument: string | undefined,
  body: () => Promise<unknown>,
): Promise<void> {
  await lab.fault(host, kind, argument);
  try {
    await body();
  } finally {
    await lab.heal(host, kind);
  }
}

async function listen(host: string, port: number): Promise<void> {
  await lab.fault(host, 'port-taken', String(port));
  await lab.exec(host, ['firewall-cmd', '--quiet', `--add-port=${port}/tcp`]);
}

async function stopListening(host: string, port: number): Promise<void> {
  await lab.exec(host, ['firewall-cmd', '--quiet', `--remove-port=${port}/tcp`]);
  await lab.heal(host, 'port-taken');
}
