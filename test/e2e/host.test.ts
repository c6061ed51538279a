import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthError } from '../../src/domain/errors.ts';
import { cleanHost, findLeftovers } from '../../src/host/cleanup.ts';
import { downloadFile } from '../../src/host/download.ts';
import { isVoter, listMembers } from '../../src/host/etcd.ts';
import { writeFiles } from '../../src/host/files.ts';
import { applyFirewall } from '../../src/host/firewall.ts';
import type { Host } from '../../src/host/host.ts';
import { inspectHost } from '../../src/host/inspect-host.ts';
import { applyManifest, getNodes } from '../../src/host/kubectl.ts';
import { probeScript } from '../../src/host/probe/probe-script.ts';
import { START } from '../../src/host/start-script.ts';
import { startService } from '../../src/host/start-service.ts';
import { activeState, stopService } from '../../src/host/systemd.ts';
import { uploadFile } from '../../src/host/upload.ts';
import { createLab, type Lab, type LabHost } from '../lab/lab.ts';
import { hostOfLab, type LabHostOptions } from '../support/lab-host.ts';
import { makeMarker } from '../support/make-marker.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await createLab({ hosts: 2, sudo: 'password', name: 'host-room' });
  await addUsers();
});

afterAll(() => lab?.destroy());

const USERS = {
  nopass: 'nopass ALL=(ALL) NOPASSWD: ALL',
  stranger: '',
  teletype: 'Defaults:teletype requiretty\\nteletype ALL=(ALL) ALL',
  terminal: 'Defaults:terminal use_pty\\nterminal ALL=(ALL) ALL',
  partial: 'partial ALL=(ALL) /usr/bin/id',
};

async function addUsers(): Promise<void> {
  const add = Object.entries(USERS).map(([user, rules]) => [
    `useradd -m -s /bin/bash ${user}; echo ${user}:geheim | chpasswd; cp -r /home/ops/.ssh /home/${user}/`,
    `chown -R ${user}: /home/${user}/.ssh; printf '${rules}\\n' >/etc/sudoers.d/${user}`,
  ]);
  await inside(
    'node1',
    `set -e; ${add.flat().join('; ')}; mkdir -p /root/.ssh; cp /home/ops/.ssh/authorized_keys /root/.ssh/`,
  );
}

/** A shell command as root in the host, past everything under test. */
async function inside(name: string, command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await lab.exec(name, ['/bin/sh', '-c', command]);
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}

function labHost(name: string): LabHost {
  const found = lab.hosts.find((host) => host.name === name);
  if (found === undefined) throw new Error(`no host ${name}`);
  return found;
}

function reach(name: string, options: LabHostOptions = {}) {
  return hostOfLab(lab.namespace, labHost(name), options);
}

describe('becoming root', () => {
  test('with a sudo password: asked once, one command for the first look, never in a list of processes', async () => {
    const { host, transport, questions } = reach('node1');
    const inspected = await inspectHost(host, { lock: { holder: 'alice' } });
    expect(transport.commands.length).toBe(1);
    const running = host.run('sleep 1.5; cat', { stdin: 'payload\n' });
    await new Promise((resolve) => setTimeout(resolve, 700));
    const processes = await inside(
      'node1',
      'ps -eo args; cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"',
    );
    expect(processes).toContain('rke2ctl: locked by alice');
    expect(processes).not.toContain(labHost('node1').sudoPassword);
    expect((await running).stdout).toBe('payload\n');
    expect((await host.run('id -u')).stdout).toBe('0\n');
    expect(questions).toEqual([host.target]);
    inspected.release();
  });

  test('with a wrong password: tried once, nothing of stdin taken for another try, not tried again', async () => {
    const failures = () =>
      inside('node1', "journalctl -q -t sudo | grep -c 'incorrect password attempt' || true");
    const before = Number(await failures());
    const { host, transport } = reach('node1', { sudoPassword: 'wrong' });
    const secret = 'do-not-try-me\n'.repeat(5);
    await expect(host.run('cat', { stdin: secret })).rejects.toMatchObject({ code: 'sudo-password-wrong' });
    await expect(host.run('cat', { stdin: secret })).rejects.toBeInstanceOf(AuthError);
    expect(transport.commands.length).toBe(1);
    expect(Number(await failures())).toBe(before + 1);
    expect(await inside('node1', 'journalctl -q')).not.toContain('1 incorrect password attempts');
  });

  test('with nobody to ask', async () => {
    const run = reach('node1', { sudoPassword: null }).host.run('true');
    await expect(run).rejects.toMatchObject({
      code: 'sudo-password-missing',
      hint: /RKE2CTL_SUDO_PASSWORD_FILE/,
    });
  });

  test.each(['nopass', 'root'])('as %s: nobody is asked, and stdin is the script’s alone', async (user) => {
    const { host, questions } = reach('node1', { user, sudoPassword: 'never asked' });
    for (let round = 0; round < 2; round += 1) {
      expect((await host.run('id -u; cat', { stdin: 'data\n' })).stdout).toBe('0\ndata\n');
    }
    expect(questions).toEqual([]);
  });

  test('through a sudo that gives its command a terminal (use_pty): bytes, lock and time limit hold', async () => {
    const { host } = reach('node1', { user: 'terminal', sudoPassword: 'geheim' });
    const data = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => (index * 31) % 256));
    const chunks: Buffer[] = [];
    await host.run('cat', { stdin: data, onStdout: (chunk) => chunks.push(chunk) });
    expect(Buffer.concat(chunks).equals(data)).toBe(true);
    const locked = await inspectHost(host, { lock: { holder: 'alice' } });
    await expect(host.run('sleep 5432', { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'remote-timeout',
    });
    expect(await inside('node1', 'pgrep -fc "sleep 543[2]" || true')).toBe('0');
    locked.release();
    expect(locked.lost.aborted).toBe(false);
  });

  test.each([
    ['stranger', 'sudo-not-allowed', /is not in the sudoers file/],
    ['partial', 'sudo-not-allowed', /not \/bin\/sh/],
    ['teletype', 'sudo-requires-tty', /requiretty/],
  ])('%s is told why not', async (user, code, words) => {
    const run = reach('node1', { user, sudoPassword: 'geheim' }).host.run('true');
    await expect(run).rejects.toBeInstanceOf(AuthError);
    await expect(run).rejects.toMatchObject({ code, message: words });
  });

  test('on a host without sudo', async () => {
    await inside('node1', 'mv /usr/bin/sudo /usr/bin/no-sudo');
    try {
      await expect(reach('node1').host.run('true')).rejects.toMatchObject({ code: 'sudo-missing' });
    } finally {
      await inside('node1', 'mv /usr/bin/no-sudo /usr/bin/sudo');
    }
  });

  test('what sudo has started is stopped when its time is over', async () => {
    const { host } = reach('node1');
    await expect(host.run('sleep 4321 & wait', { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'remote-timeout',
    });
    expect(await inside('node1', 'pgrep -fc "sleep 4321$" || true')).toBe('0');
  });
});

describe('the lock on a real host', () => {
  test('falls when the connection falls', async () => {
    const first = await inspectHost(reach('node1').host, { lock: { holder: 'alice' } });
    const second = reach('node1', { user: 'nopass' }).host;
    await expect(inspectHost(second, { lock: { holder: 'bob' } })).rejects.toMatchObject({
      code: 'locked',
      message: /is locked by alice since/,
    });
    await inside('node1', "pkill -KILL -u ops -f '^sshd: ops'");
    while (!first.lost.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
    (await inspectHost(second, { lock: { holder: 'bob' } })).release();
  });
});

describe('the probe on a real host', () => {
  test('knows systemd, firewalld, names, addresses and who listens where', async () => {
    await lab.fault('node2', 'port-taken', '6443');
    const { facts } = await inspectHost(reach('node2').host, { lock: null, names: ['node1'], fsync: true });
    await lab.heal('node2');
    expect(facts.systemd).toBe(true);
    expect(facts.hostname).toBe('node2');
    expect(facts.addresses.map(({ address }) => address)).toContain(labHost('node2').address);
    expect(facts.routes.some(({ destination }) => destination === 'default')).toBe(true);
    expect(facts.resolved['node1']).toContain(labHost('node1').address);
    expect(facts.listening.find(({ port }) => port === 6443)?.process).toMatch(/^\S+ \(\d+\)$/);
    expect(facts.fsyncMs).toBeGreaterThan(0);
    expect(facts.firewall).toMatchObject({ provider: 'firewalld', defaultZone: 'public' });
    expect(Math.abs(facts.clockOffsetMs)).toBeLessThan(1_000);
  });

  test('notices a wrong clock', async () => {
    await lab.fault('node2', 'clock', '+10s');
    const { facts } = await inspectHost(reach('node2').host, { lock: null });
    await lab.heal('node2');
    expect(facts.clockOffsetMs).toBeGreaterThan(8_000);
    expect(facts.clockOffsetMs).toBeLessThan(12_000);
  });
});

const NOTHING = { zone: 'public', ports: [], richRules: [], trustedSources: [], ipsets: {} };

function rule(family: 4 | 6, port: number): string {
  return `rule family="ipv${family}" source ipset="rke2ctl-nodes-${family}" port port="${port}" protocol="tcp" accept`;
}

const FIREWALL = {
  zone: 'public',
  ports: ['30000-32767/tcp', '6443/tcp'],
  richRules: [
    rule(4, 9345),
    'rule family="ipv4" source ipset="rke2ctl-nodes-4" icmp-type name="echo-request" accept',
  ],
  trustedSources: ['10.42.0.0/16', 'fd42::/56'],
  ipsets: { 'rke2ctl-nodes-4': ['198.18.1.1', '198.18.1.2'] },
};

describe('firewalld', () => {
  test('takes a change permanently and at runtime alike, and the probe reads back what was written', async () => {
    const { host } = reach('node2');
    expect(await applyFirewall(host, { add: FIREWALL, remove: NOTHING, reload: true })).toBe(true);
    const before = await inside('node2', 'stat -c %Y /etc/firewalld/zones/public.xml');
    expect(await applyFirewall(host, { add: FIREWALL, remove: NOTHING, reload: true })).toBe(false);
    expect(await inside('node2', 'stat -c %Y /etc/firewalld/zones/public.xml')).toBe(before);
    const printed = await inside('node2', 'firewall-cmd --zone=public --list-rich-rules');
    expect(printed.trim().split('\n').sort()).toEqual([...FIREWALL.richRules].sort());
    expect(await inside('node2', 'firewall-cmd --zone=trusted --list-sources')).toBe(
      '10.42.0.0/16 fd42::/56',
    );
    const { firewall } = (await inspectHost(host, { lock: null })).facts;
    if (firewall.provider !== 'firewalld') throw new Error('no firewalld');
    expect([...(firewall.zones['public']?.richRules ?? [])].sort()).toEqual([...FIREWALL.richRules].sort());
    expect([...(firewall.zones['public']?.ports ?? [])].sort()).toEqual(FIREWALL.ports);
    expect(firewall.zones['trusted']?.sources).toEqual(FIREWALL.trustedSources);
    expect(firewall.ipsets).toEqual(FIREWALL.ipsets);
  });

  test('while RKE2 runs nothing is reloaded, and rules that others made at runtime stay', async () => {
    const { host } = reach('node2');
    await inside('node2', 'firewall-cmd -q --zone=public --add-port=4242/tcp');
    const change = {
      add: {
        ...NOTHING,
        ports: ['443/tcp'],
        richRules: [rule(6, 9345)],
        ipsets: { 'rke2ctl-nodes-4': ['198.18.1.3'], 'rke2ctl-nodes-6': ['fd19:8180::1:1'] },
      },
      remove: { ...NOTHING, ports: ['6443/tcp'], ipsets: { 'rke2ctl-nodes-4': ['198.18.1.2'] } },
      reload: false,
    };
    expect(await applyFirewall(host, change)).toBe(true);
    expect(await applyFirewall(host, change)).toBe(false);
    const ports = (await inside('node2', 'firewall-cmd --zone=public --list-ports')).trim().split(' ').sort();
    expect(ports).toEqual(['30000-32767/tcp', '4242/tcp', '443/tcp']);
    expect(await inside('node2', 'firewall-cmd --ipset=rke2ctl-nodes-4 --get-entries')).toBe(
      '198.18.1.1\n198.18.1.3',
    );
    // A set cannot be made at runtime: until the next boot its rule names the address itself.
    expect(await inside('node2', 'firewall-cmd --zone=public --list-rich-rules')).toContain(
      'source address="fd19:8180::1:1" port port="9345"',
    );
    expect(await inside('node2', 'firewall-cmd --permanent --zone=public --list-rich-rules')).toContain(
      rule(6, 9345),
    );
  });

  test('says so when it does not run', async () => {
    await inside('node1', 'systemctl stop firewalld');
    const change = applyFirewall(reach('node1').host, { add: FIREWALL, remove: NOTHING, reload: true });
    await expect(change).rejects.toThrow(/Changing firewalld failed on .*firewalld does not/s);
    await inside('node1', 'systemctl start firewalld');
  });
});

describe('files on a full disk', () => {
  test('an upload says where there is no room, leaves nothing, and works once there is', async () => {
    const { host } = reach('node2');
    await lab.fault('node2', 'full-disk', '16m');
    const source = join(lab.directory, 'big');
    await lab.run(['dd', 'if=/dev/urandom', `of=${source}`, 'bs=1M', 'count=32', 'status=none']);
    const upload = {
      source,
      destination: '/var/lib/rancher/rke2/agent/images/big.tar.zst',
      sha256: createHash('sha256').update(readFileSync(source)).digest('hex'),
      sizeBytes: statSync(source).size,
      mode: '0644',
    };
    await expect(uploadFile(host, upload)).rejects.toMatchObject({
      code: 'disk-full',
      message: /no room on .* MB left/,
    });
    expect(await inside('node2', 'ls -A /var/lib/rancher/rke2/agent/images')).not.toContain('big');
    await lab.heal('node2');
    expect(await uploadFile(host, upload)).toBe('sent');
    const directory = mkdtempSync(join(tmpdir(), 'rke2ctl-back-'));
    await downloadFile(host, { source: upload.destination, target: join(directory, 'big') });
    rmSync(directory, { recursive: true });
  });
});

async function install(host: Host, config: string): Promise<void> {
  const bundles = readdirSync(lab.artifacts).filter((name) =>
    /^rke2-images(-core|-canal)?\.linux.*zst$/.test(name),
  );
  for (const name of [...bundles, 'rke2.linux-amd64.tar.gz']) {
    const source = join(lab.artifacts, name);
    await uploadFile(host, {
      source,
      destination: `/var/lib/rancher/rke2/agent/images/${name}`,
      sha256: createHash('sha256').update(readFileSync(source)).digest('hex'),
      sizeBytes: statSync(source).size,
      mode: '0644',
      mtime: 1_000_000_000,
    });
  }
  await host.run(
    'cd /var/lib/rancher/rke2/agent/images; tar xzf rke2.linux-amd64.tar.gz -C /usr/local; rm rke2.linux-amd64.tar.gz',
  );
  await writeFiles(host, [{ path: '/etc/rancher/rke2/config.yaml', content: config, mode: '0600' }]);
}

const GUIDE = '/etc/rancher/rke2/config.yaml.d/10-guide.yaml';

describe('a service', () => {
  test('is started, watched and found READY; etcd and the API are asked on the node', async () => {
    const { host } = reach('node1');
    await install(host, 'token: sesame\n');
    await inside('node1', 'firewall-cmd -q --add-port=9345/tcp');
    const words: string[] = [];
    const outcome = await startService(host, 'rke2-server', {
      restart: false,
      guide: { path: GUIDE, content: 'write-kubeconfig-mode: "0600"\n' },
      timeoutMs: 90_000,
      onWords: (line) => words.push(line),
    });
    if (!outcome.ready) throw new Error(outcome.lines.join('\n'));
    expect(await inside('node1', `stat -c %a ${GUIDE}; cat ${GUIDE}`)).toBe(
      '600\nwrite-kubeconfig-mode: "0600"',
    );
    await outcome.end(true);
    expect(await inside('node1', `ls -A $(dirname ${GUIDE})`)).toBe('');
    expect(await inside('node1', 'systemctl is-enabled rke2-server')).toBe('enabled');
    // An early line: the watch ends at READY, when the journal may still be behind.
    expect(words).toContain('Managed etcd cluster initializing');
    expect(await activeState(host, 'rke2-server.service')).toBe('active');
    expect(await isVoter(host)).toBe(true);
    const members = await listMembers(host);
    expect(members.map(({ isLearner }) => isLearner)).toEqual([false]);
    await inside('node1', 'mv /usr/bin/curl /usr/bin/no-curl');
    expect(await listMembers(host)).toEqual(members);
    await inside('node1', 'mv /usr/bin/no-curl /usr/bin/curl');
    expect((await getNodes(host)).map(({ name }) => name)).toEqual(['node1']);
    for (const value of ['b25l', 'dHdv']) {
      const metadata = { name: 'kept', namespace: 'kube-system' };
      await applyManifest(host, { apiVersion: 'v1', kind: 'Secret', metadata, data: { value } });
    }
    const secret = await inside(
      'node1',
      'KUBECONFIG=/etc/rancher/rke2/rke2.yaml /var/lib/rancher/rke2/bin/kubectl --cache-dir /dev/null/x -n kube-system get secret kept -o json',
    );
    expect(JSON.parse(secret)).toMatchObject({ data: { value: 'dHdv' } });
    expect(secret).not.toContain('last-applied');
    expect(await inside('node1', 'ls -A /root')).not.toContain('.kube');
  });

  test('is asked past the proxy and the .curlrc that the host has for root', async () => {
    const proxied = 'https_proxy=http://127.0.0.1:9\nall_proxy=http://127.0.0.1:9';
    await inside(
      'node1',
      `cp -a /etc/environment /etc/environment.kept; printf '${proxied}\n' >>/etc/environment; echo 'write-out = "bye"' >/root/.curlrc`,
    );
    try {
      const { host } = reach('node1', { user: 'root' });
      expect((await host.run('echo "$https_proxy"')).stdout).toBe('http://127.0.0.1:9\n');
      const members = await listMembers(host);
      expect(members).toHaveLength(1);
      const { facts } = await inspectHost(host, { lock: null, nodes: 'all' });
      expect(facts.rke2.nodes?.map(({ name }) => name)).toEqual(['node1']);
      expect(facts.rke2.members?.map(({ name }) => name)).toEqual(members.map(({ name }) => name));
    } finally {
      await inside('node1', 'mv /etc/environment.kept /etc/environment; rm /root/.curlrc');
    }
  });

  test('whose watch is given up at once is not followed by anybody', async () => {
    const watched = await reach('node1').host.start(START, { args: ['@m', 'rke2-server.service', 'start'] });
    watched.end();
    expect((await watched.result).exitCode).toBe(0);
    expect(await inside('node1', 'pgrep -fc "[j]ournalctl.*--follow" || true')).toBe('0');
  });

  test('that runs is probed with its Nodes', async () => {
    const { facts } = await inspectHost(reach('node1').host, { lock: null, nodes: 'all' });
    expect(facts.rke2.binaries[0]).toEqual({
      path: '/usr/local/bin/rke2',
      version: expect.stringMatching(/^v1\..*\+rke2r/),
    });
    expect(facts.rke2.server).toMatchObject({ exists: true, active: 'active', enabled: true });
    expect(facts.rke2.nodes?.[0]).toMatchObject({ name: 'node1', roles: ['control-plane', 'etcd'] });
    expect(facts.rke2.etcdData).toBe(true);
    expect(facts.rke2.caHash).toMatch(/^[0-9a-f]{64}$/);
    expect(facts.rke2.images.length).toBeGreaterThan(0);
    expect(facts.rke2.images.every(({ mtime }) => mtime === 1_000_000_000)).toBe(true);
  });

  test('restarted is not taken for READY before it is', async () => {
    const { host } = reach('node1');
    const before = await inside('node1', 'systemctl show -p MainPID --value rke2-server');
    const outcome = await startService(host, 'rke2-server', { restart: true, timeoutMs: 90_000 });
    expect(outcome).toMatchObject({ ready: true });
    if (outcome.ready) await outcome.end(false);
    expect(await inside('node1', 'systemctl show -p MainPID --value rke2-server')).not.toBe(before);
    // Its version is known without starting a second rke2.
    expect((await host.run(probeScript('@m'))).stdout).toMatch(/^running .*\/data\/v1\..*\/bin$/m);
  });

  test('an agent whose join is refused is recognised, not waited out', async () => {
    const { host } = reach('node2');
    await install(host, `server: https://${labHost('node1').address}:9345\ntoken: wrong\n`);
    const outcome = await startService(host, 'rke2-agent', { restart: false, timeoutMs: 60_000 });
    expect(outcome).toMatchObject({ ready: false, trouble: 'join-refused' });
    await stopService(host, 'rke2-agent');
  });

  test('a server that is refused fails at once, with its fatal line', async () => {
    const { host } = reach('node2');
    const started = Date.now();
    const outcome = await startService(host, 'rke2-server', { restart: false, timeoutMs: 60_000 });
    expect(outcome).toMatchObject({ ready: false, trouble: 'failed' });
    expect(outcome.ready ? [] : outcome.lines.filter((line) => line.includes('level=fatal'))).toContainEqual(
      expect.stringContaining('not authorized'),
    );
    expect(Date.now() - started).toBeLessThan(8_000);
    await stopService(host, 'rke2-server');
  });

  test('an agent beside a running server is skipped by its own condition', async () => {
    const { host } = reach('node1');
    const outcome = await startService(host, 'rke2-agent', { restart: false, timeoutMs: 30_000 });
    expect(outcome).toMatchObject({ ready: false, trouble: 'skipped' });
    await inside('node1', 'systemctl disable -q rke2-agent');
  });

  test('is heard although its journal cannot be followed', async () => {
    const { host } = reach('node2');
    const words: string[] = [];
    let isDeaf = false;
    const outcome = await startService(host, 'rke2-agent', {
      restart: false,
      timeoutMs: 60_000,
      onWords: (line) => {
        words.push(line);
        if (!isDeaf) void inside('node2', "pkill -f '^journalctl .*--follow'");
        isDeaf = true;
      },
    });
    expect(outcome).toMatchObject({ ready: false, trouble: 'join-refused' });
    expect(words.filter((line) => line.startsWith('Waiting to retrieve')).length).toBeGreaterThan(3);
    await stopService(host, 'rke2-agent');
  });

  test('that takes too long is told with what it said, and the watch leaves nothing running', async () => {
    const { host } = reach('node2');
    const config = `server: https://${labHost('node1').address}:9999\ntoken: sesame\n`;
    await writeFiles(host, [{ path: '/etc/rancher/rke2/config.yaml', content: config, mode: '0600' }]);
    const outcome = await startService(host, 'rke2-agent', { restart: false, timeoutMs: 3_000 });
    expect(outcome).toMatchObject({ ready: false, trouble: 'timeout' });
    expect(outcome.ready ? [] : outcome.lines.length).toBeGreaterThan(0);
    expect(await inside('node2', 'pgrep -fc "journalctl --[q]uiet|systemctl [s]tart" || true')).toBe('0');
    await stopService(host, 'rke2-agent');
  });
});

describe('cleaning', () => {
  test('brings a host back to what it was before RKE2, however often it is done', async () => {
    const fresh = await lab.listing('node1');
    expect(fresh.some((line) => line.includes('/var/lib/rancher/rke2'))).toBe(true);
    const { host } = reach('node1');
    await applyFirewall(host, { add: FIREWALL, remove: NOTHING, reload: false });
    const marker = makeMarker({ firewall: FIREWALL, files: ['/etc/default/rke2-server'] });
    await writeFiles(host, [
      { path: '/etc/default/rke2-server', content: 'A=b\n', mode: '0600' },
      { path: '/etc/rancher/rke2/rke2ctl.json', content: JSON.stringify(marker), mode: '0600' },
    ]);
    expect((await findLeftovers(host, marker)).length).toBeGreaterThan(10);
    const words: string[] = [];
    expect(await cleanHost(host, { marker, onWords: (line) => words.push(line) })).toEqual([]);
    expect(words).toContain('running /usr/local/bin/rke2-uninstall.sh');
    expect(await cleanHost(host, { marker })).toEqual([]);
    const listing = (await lab.listing('node1')).filter((line) =>
      /rke2|rancher|kubelet|k3s|cni|flannel|KUBE/.test(line),
    );
    expect(listing.filter((line) => !line.includes('rke2-standin'))).toEqual([]);
    expect(await inside('node1', 'ls -A /etc/firewalld/zones /etc/firewalld/ipsets | grep xml || true')).toBe(
      '',
    );
  });

  test('an uninstall that was cut off half-way is finished without its scripts', async () => {
    const { host } = reach('node2');
    await inside('node2', 'rm -f /usr/local/bin/rke2-*.sh /usr/local/bin/rke2');
    const marker = makeMarker({ firewall: { ...FIREWALL, ports: [...FIREWALL.ports, '443/tcp'] } });
    expect(await cleanHost(host, { marker })).toEqual([
      'firewalld rules in /etc/firewalld/zones/public.xml',
      'firewalld rules in /etc/firewalld/ipsets/rke2ctl-nodes-6.xml',
      'firewalld rules in /etc/firewalld/ipsets/rke2ctl-nodes-4.xml',
    ]);
    const rest = {
      ...NOTHING,
      richRules: [rule(6, 9345)],
      ipsets: { 'rke2ctl-nodes-6': ['fd19:8180::1:1'], 'rke2ctl-nodes-4': ['198.18.1.3'] },
    };
    expect(await cleanHost(host, { marker: makeMarker({ firewall: rest }) })).toEqual([]);
  });
});
