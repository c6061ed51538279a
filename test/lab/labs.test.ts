import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { runCommand } from './command.ts';
import { createLab, type Lab, openLab } from './lab.ts';
import { canConnect, sshDirectly } from './reach.ts';

const cli = ['node_modules/.bin/tsx', 'test/lab/cli.ts'];
const root = fileURLToPath(new URL('../..', import.meta.url));
const labs: Lab[] = [];

afterAll(async () => {
  for (const lab of labs) await lab.destroy();
  await runCommand([...cli, 'destroy', '--name', 'labs-test-cli'], { cwd: root });
});

async function make(options: Parameters<typeof createLab>[0]): Promise<Lab> {
  const lab = await createLab(options);
  labs.push(lab);
  return lab;
}

test('two labs live side by side with the same addresses; the user may be root or need no password', async () => {
  const [one, two] = await Promise.all([
    make({ hosts: 1, name: 'labs-test-1', sudo: 'root' }),
    make({ hosts: 1, name: 'labs-test-2', binds: [{ source: root, target: '/mnt' }] }),
  ]);
  const ids = [one, two].map(async (lab) => {
    const [host] = lab.hosts;
    if (host === undefined) throw new Error('the lab has no host');
    return (await lab.run(sshDirectly(host, 'whoami; sudo whoami; cat /etc/machine-id'))).stdout.split('\n');
  });
  const [first = [], second = []] = await Promise.all(ids);
  expect(first.slice(0, 2)).toEqual(['root', 'root']);
  expect(second.slice(0, 2)).toEqual(['ops', 'root']);
  expect(first[2]).not.toBe(second[2]);
  expect((await two.exec('node1', ['cat', '/mnt/package.json'])).stdout).toContain('"rke2ctl"');
  expect((await two.exec('node1', ['touch', '/mnt/x'])).stderr).toContain('Read-only');
  await one.destroy();
  expect(await canConnect(two, 'node1', '198.18.0.1', 22)).toBe('refused');
  expect((await two.exec('node1', ['systemctl', 'is-system-running'])).stdout).toBe('running');
});

test("kernel settings of one host are not the machine's", async () => {
  const before = readFileSync('/proc/sys/kernel/panic', 'utf8');
  const lab = await openLab('labs-test-2');
  const script =
    'echo kernel.panic=77 >/etc/sysctl.d/90.conf; systemctl restart systemd-sysctl; sysctl -n kernel.panic';
  expect((await lab.exec('node1', ['sh', '-c', script])).stdout).toBe('77');
  expect(readFileSync('/proc/sys/kernel/panic', 'utf8')).toBe(before);
});

test('a lab whose maker was killed in the middle is replaced by the next of its name', async () => {
  const program = `import { createLab } from './test/lab/lab.ts'; await createLab({ hosts: 2, name: 'labs-test-killed' });`;
  const maker = execa('node', ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: root,
    reject: false,
  });
  const pid = maker.pid ?? 0;
  await expect
    .poll(async () => (await running('labs-test-killed')).length, { timeout: 60_000 })
    .toBeGreaterThan(0);
  process.kill(pid, 'SIGKILL');
  await maker;
  const lab = await make({ hosts: 1, name: 'labs-test-killed' });
  expect((await lab.exec('node1', ['hostname'])).stdout).toBe('node1');
  expect(await running('labs-test-killed')).toHaveLength(1);
});

test('the command makes, enters, breaks, mends and destroys a lab', async () => {
  const lab = async (...words: string[]) => runCommand([...cli, ...words], { cwd: root });
  const created = await lab('create', '--hosts', '1', '--name', 'labs-test-cli', '--json');
  const described = JSON.parse(created.stdout) as { namespace: string; artifacts: string; hosts: object[] };
  expect(described.namespace).toMatch(/^rke2ctl-lab-[0-9a-f]{6}$/);
  expect(described.hosts).toEqual([
    expect.objectContaining({
      name: 'node1',
      address: '198.18.1.1',
      user: 'ops',
      keyPath: expect.stringMatching(/^\//),
    }),
  ]);
  const exec = (...words: string[]) => lab('exec', '--name', 'labs-test-cli', 'node1', '--', ...words);
  expect(await exec('sh', '-c', 'hostname; exit 3')).toEqual({ exitCode: 3, stdout: 'node1', stderr: '' });
  expect((await lab('fault', '--name', 'labs-test-cli', 'node1', 'readonly-usr-local')).exitCode).toBe(0);
  expect((await exec('touch', '/usr/local/x')).exitCode).toBe(1);
  expect((await lab('heal', '--name', 'labs-test-cli', 'node1')).exitCode).toBe(0);
  expect((await exec('touch', '/usr/local/x')).exitCode).toBe(0);
  expect((await lab('fault', '--name', 'labs-test-cli', 'node1', 'earthquake')).stderr).toContain(
    'one of link-down',
  );
  expect((await lab('list')).stdout).toContain('labs-test-cli: node1=198.18.1.1');
  expect((await lab('destroy', '--name', 'labs-test-cli')).exitCode).toBe(0);
  expect((await lab('list')).stdout).not.toContain('labs-test-cli');
  expect((await exec('true')).stderr).toContain("no lab named 'labs-test-cli'");
});

/** Lines of the hosts of a lab that have a running container. */
async function running(name: string): Promise<string[]> {
  const { stdout } = await runCommand([...cli, 'list'], { cwd: root });
  const namespace = new RegExp(
    `^${name} .*network rke2ctl-lab-(\\w+)|^${name}: .*network rke2ctl-lab-(\\w+)`,
    'm',
  ).exec(stdout);
  const key = namespace?.[1] ?? namespace?.[2];
  if (key === undefined) return [];
  const found = await runCommand(['pgrep', '-fa', `^systemd-nspawn .*--machine=${key}-`]);
  return found.stdout.split('\n').filter(Boolean);
}
