import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import { createLab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { openFirewall, useRke2 } from './lab-rke2.ts';

const DATA = '/var/lib/rancher/rke2';
const TOKEN = 'Xo3fKzq8Lw2p';
const SERVER = 'https://198.18.1.1:9345';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  lab = await createLab({ hosts: 5, sudo: 'root', name: 'standin' });
  rke2 = useRke2(lab);
  await openFirewall(lab, rke2);
  for (const host of lab.hosts) await rke2.install(host.name);
});

afterAll(async () => {
  await lab?.destroy();
});

const curl = (host: string, arguments_: string): Promise<string> =>
  rke2.sh(host, `curl -sk -w ' %{http_code}' ${arguments_}`);
const run = (host: string, command: string) => lab.exec(host, ['sh', '-c', command], { timeoutMs: 60_000 });
const hash = (host: string): Promise<string> =>
  rke2.sh(host, `sha256sum < ${DATA}/server/tls/server-ca.crt | cut -c1-64`);

describe('the program', () => {
  test('prints its version in two lines and says what it is', async () => {
    expect(await rke2.sh('node1', 'rke2 --version')).toMatch(
      /^rke2 version v1\.35\.7\+rke2r1 \(stand-in\)\ngo version go1\.\d+\.\d+$/,
    );
  });

  test.each([
    [
      'server --cni nonsense',
      'Error: Invalid value nonsense for --cni flag: must be one of calico,canal,cilium,flannel',
    ],
    [
      'server --cni canal,multus',
      'Error: Failed to validate --cni flag: may only provide multiple values if multus is the first value',
    ],
    ['server --disable-etcd', 'Error: invalid flag use; --server is required with --disable-etcd'],
    [
      'server --cluster-reset-restore-path=x',
      'Error: invalid flag use; --cluster-reset required with --cluster-reset-restore-path',
    ],
    ['server --profile cis-9', 'Error: invalid value provided for --profile flag'],
    ['server --profile cis', 'Error: invalid kernel parameter value vm.overcommit_memory=0 - expected 1'],
    ['server --cluster-cidr fd00::/56', 'must share the same IP version'],
    ['server --cluster-init', 'Error: flag provided but not defined: -cluster-init'],
    ['agent', 'Error: --token is required'],
    ['agent --token x', 'Error: --server is required'],
    ['agent --token K10abc::server:x --server https://127.0.0.1:9345', 'Error: invalid token CA hash length'],
  ])('refuses `rke2 %s`', async (command, message) => {
    const result = await run('node5', `rke2 ${command}`);
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toBe('');
    const last = result.stderr.trim().split('\n').at(-1) ?? '';
    expect(last).toMatch(/^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=fatal msg="Error: /);
    expect(last).toContain(message);
  });

  test('does not start a server without images or a registry that answers', async () => {
    await rke2.sh('node5', `mv ${DATA}/agent/images /root/images`);
    const result = await run('node5', 'rke2 server --token x');
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(
      'Pulling runtime image index.docker.io/rancher/rke2-runtime:v1.35.7-rke2r1',
    );
    expect(result.stderr).toContain(
      'level=fatal msg="Error: failed to get runtime image index.docker.io/rancher/rke2-runtime:v1.35.7-rke2r1: ',
    );
    await rke2.sh(
      'node5',
      `mkdir -p ${DATA}/agent && rm -rf ${DATA}/* && mkdir -p ${DATA}/agent && mv /root/images ${DATA}/agent/images`,
    );
  });
});

describe('the first server', () => {
  beforeAll(async () => {
    await rke2.configure('node1', {
      token: TOKEN,
      'tls-san': ['rke2.example'],
      'write-kubeconfig-mode': '0640',
      tokn: 'typo',
    });
    expect(await rke2.start('node1', 'server')).toBe(0);
  });

  test('gets ready for systemd and logs its milestones in order', async () => {
    expect(await rke2.sh('node1', 'systemctl is-active rke2-server')).toBe('active');
    const log = await rke2.log('node1', 'server');
    const milestones = [
      'Unknown flag --tokn found in config.yaml, skipping',
      'not running in CIS mode',
      'Applying Pod Security Admission Configuration',
      'Starting rke2 v1.35.7+rke2r1',
      'Managed etcd cluster initializing',
      'generated self-signed CA certificate CN=rke2-client-ca@',
      'Active TLS secret',
      'Pulling runtime image index.docker.io/rancher/rke2-runtime:v1.35.7-rke2r1',
      'Logging containerd to',
      'containerd is now running',
      'Connection to etcd is ready',
      'ETCD server is now running',
      'Kube API server is now running',
      `Server node token is available at ${DATA}/server/token`,
      `To join server node to cluster: rke2 server -s ${SERVER} -t \${SERVER_NODE_TOKEN}`,
      'rke2 is up and running',
    ];
    const positions = milestones.map((text) => log.indexOf(text));
    expect(positions.filter((position) => position < 0)).toEqual([]);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  test.each([
    ['', '755 directory'],
    ['server', '700 directory'],
    ['server/tls', '700 directory'],
    ['server/cred', '700 directory'],
    ['server/manifests', '700 directory'],
    ['server/db/etcd', '700 directory'],
    ['server/db/etcd/name', '600 regular file'],
    ['server/db/etcd/config', '600 regular file'],
    ['server/db/snapshots', '700 directory'],
    ['server/token', '600 regular file'],
    ['server/cred/passwd', '600 regular file'],
    ['server/tls/server-ca.key', '600 regular file'],
    ['agent/pod-manifests', '750 directory'],
    ['agent/pod-manifests/etcd.yaml', '644 regular file'],
    ['agent/logs', '750 directory'],
    ['agent/etc/kubelet.conf.d', '700 directory'],
    ['bin', '777 symbolic link'],
    ['server/node-token', '777 symbolic link'],
  ])('has made %s with mode and kind %s', async (path, expected) => {
    await expect.poll(() => rke2.sh('node1', `stat -c '%a %F' ${DATA}/${path}`)).toBe(expected);
  });

  test('writes token, passwords and kubeconfig as configured', async () => {
    const token = `K10${await hash('node1')}::server:${TOKEN}`;
    expect(await rke2.sh('node1', `cat ${DATA}/server/token`)).toBe(token);
    expect(await rke2.sh('node1', `cat ${DATA}/server/node-token`)).toBe(token);
    expect(await rke2.sh('node1', `cat ${DATA}/server/cred/passwd`)).toBe(
      `${TOKEN},server,server,rke2:server\n${TOKEN},node,node,rke2:agent`,
    );
    expect(await rke2.sh('node1', "stat -c '%a' /etc/rancher/rke2/rke2.yaml")).toBe('640');
    expect(await rke2.sh('node1', 'cat /etc/rancher/rke2/rke2.yaml')).toContain(
      'server: https://127.0.0.1:6443',
    );
    expect(await rke2.sh('node1', 'stat -c %a:%s /etc/rancher/node/password')).toBe('600:33');
  });

  test('becomes a Ready Node with its roles; the API lets nobody in without a certificate', async () => {
    await expect
      .poll(() => rke2.kubectl('node1', 'get nodes --no-headers'), { timeout: 15_000 })
      .toMatch(/^node1 +Ready +control-plane,etcd /);
    expect(await curl('node1', '-o /dev/null https://127.0.0.1:6443/readyz')).toBe(' 401');
    const condition = await rke2.kubectl(
      'node1',
      `get node node1 -o jsonpath='{.status.conditions[?(@.type=="EtcdIsVoter")].status}'`,
    );
    expect(condition).toBe('True');
  });

  test('binds the ports a firewall must know of', async () => {
    const listing = await rke2.sh('node1', 'ss -Htuln | tr -s " " | cut -d" " -f1,5');
    for (const port of [
      'tcp *:9345',
      'tcp 0.0.0.0:6443',
      'tcp *:10250',
      'tcp 198.18.1.1:2379',
      'tcp 198.18.1.1:2380',
      'tcp 127.0.0.1:2381',
      'tcp 127.0.0.1:10248',
      'tcp 127.0.0.1:10259',
      'tcp 127.0.0.1:10256',
      'udp 0.0.0.0:8472',
      'tcp *:9099',
      'tcp *:80',
    ]) {
      expect(listing.split('\n')).toContain(port);
    }
    const query =
      "import socket;s=socket.socket(2,2);s.settimeout(3);s.sendto(bytes.fromhex('1234010000010000000000000131000001'[:34]),('10.43.0.10',53));print(len(s.recv(99)))";
    expect(Number(await rke2.sh('node1', `python3 -c "${query}"`))).toBeGreaterThan(11);
  });

  test('answers on 9345 as the supervisor does', async () => {
    expect(await curl('node2', `${SERVER}/ping`)).toBe('pong 200');
    expect(await curl('node2', `-o /tmp/ca ${SERVER}/cacerts`)).toBe(' 200');
    expect(await rke2.sh('node2', 'sha256sum < /tmp/ca | cut -c1-64')).toBe(await hash('node1'));
    expect(await curl('node2', `-u node:${TOKEN} ${SERVER}/v1-rke2/readyz`)).toBe('ok 200');
    expect(await curl('node2', `${SERVER}/v1-rke2/readyz`)).toContain('not authorized');
    expect(await curl('node2', `${SERVER}/v1-rke2/readyz`)).toMatch(/ 401$/);
    expect(await curl('node2', `-o /dev/null -u node:wrong ${SERVER}/v1-rke2/config`)).toBe(' 401');
    expect(await curl('node2', `-u node:${TOKEN} ${SERVER}/v1-rke2/server-bootstrap`)).toMatch(
      /forbidden\s+403$/,
    );
    expect(await curl('node2', `-o /dev/null -u server:${TOKEN} ${SERVER}/v1-rke2/server-bootstrap`)).toBe(
      ' 200',
    );
    expect(await curl('node2', `-o /dev/null ${SERVER}/v1-rke2/nothing`)).toBe(' 404');
  });

  test('serves certificates of its own authority that name the tls-san', async () => {
    const names = async (port: number): Promise<string> => {
      const pem = await rke2.sh(
        'node2',
        `openssl s_client -connect 198.18.1.1:${port} </dev/null 2>/dev/null | openssl x509`,
      );
      return new X509Certificate(pem).subjectAltName ?? '';
    };
    for (const port of [9345, 6443]) {
      expect(await names(port)).toContain('DNS:rke2.example');
      expect(await names(port)).toContain('IP Address:10.43.0.1');
    }
    await rke2.sh(
      'node2',
      `curl -s --cacert /tmp/ca --resolve rke2.example:9345:198.18.1.1 https://rke2.example:9345/ping`,
    );
  });

  test('keeps the bootstrap data in etcd, encrypted, under the token', async () => {
    const keys = await rke2.sh(
      'node1',
      `cd ${DATA}/server/tls/etcd; ETCDCTL_API=3 /usr/lib/rke2-standin/bin/etcdctl --cacert server-ca.crt --cert client.crt --key client.key --endpoints https://127.0.0.1:2379 get --prefix /bootstrap/`,
    );
    const expected = await rke2.sh('node1', `printf %s ${TOKEN} | sha256sum | cut -c1-12`);
    expect(keys.split('\n')[0]).toBe(`/bootstrap/${expected}`);
    expect(keys).not.toContain('PRIVATE KEY');
  });
});

describe('joining', () => {
  test('a server whose token pins another authority exits 1 and systemd tries again', async () => {
    await rke2.configure('node2', { server: SERVER, token: `K10${'a'.repeat(64)}::server:${TOKEN}` });
    expect(await rke2.start('node2', 'server')).toBe(1);
    expect(await rke2.log('node2', 'server')).toMatch(
      /level=fatal msg="Error: preparing server: failed to bootstrap cluster data: .*token CA hash does not match the Cluster CA certificate hash: a{64} != [0-9a-f]{64}"/,
    );
    expect(await rke2.sh('node2', 'systemctl show -P Restart -P RestartUSec rke2-server')).toBe('always\n5s');
    await rke2.sh('node2', 'systemctl stop rke2-server');
  });

  test('a server with a wrong password is not authorized', async () => {
    await rke2.configure('node2', { server: SERVER, token: 'wrong' });
    expect(await rke2.start('node2', 'server')).toBe(1);
    const log = await rke2.log('node2', 'server');
    expect(log).toContain('level=warning msg="Skipping cluster configuration validation: ');
    expect(log).toMatch(/level=fatal msg="Error: preparing server: .*not authorized/);
    await rke2.sh('node2', 'systemctl stop rke2-server');
  });

  test('a server whose critical values differ is refused by name', async () => {
    await rke2.configure('node2', {
      server: SERVER,
      token: TOKEN,
      'cluster-cidr': '10.50.0.0/16',
      'egress-selector-mode': 'disabled',
    });
    expect(await rke2.start('node2', 'server')).toBe(1);
    const log = await rke2.log('node2', 'server');
    expect(log).toContain('critical configuration mismatched: cluster-cidr');
    expect(log).toContain('critical configuration mismatched: egress-selector-mode');
    expect(log).toContain(
      'failed to validate server configuration: critical configuration value mismatch between servers',
    );
    await rke2.sh('node2', 'systemctl stop rke2-server');
  });

  test('an agent with a wrong token does not exit: it tries again and again, and start hangs', async () => {
    await rke2.configure('node4', { server: SERVER, token: 'wrong' });
    expect(await rke2.start('node4', 'agent', 6)).toBe(124);
    const lines = (await rke2.log('node4', 'agent'))
      .split('\n')
      .filter((line) => line.includes('Waiting to retrieve agent configuration; server is not ready: '));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines[0]).toContain('401 Unauthorized');
    expect(await rke2.sh('node4', 'systemctl show -P NRestarts rke2-agent')).toBe('0');
    await rke2.sh('node4', 'systemctl stop rke2-agent');
  });

  test('an agent whose token pins another authority says so and tries again', async () => {
    await rke2.configure('node4', { server: SERVER, token: `K10${'b'.repeat(64)}::node:${TOKEN}` });
    expect(await rke2.start('node4', 'agent', 3)).toBe(124);
    expect(await rke2.log('node4', 'agent')).toContain(
      `Failed to validate connection to cluster at ${SERVER}: token CA hash does not match`,
    );
    await rke2.sh('node4', 'systemctl stop rke2-agent');
  });

  test('two servers at once: one learner at a time, and in the end both are voters', async () => {
    for (const host of ['node2', 'node3'])
      await rke2.configure(host, { server: SERVER, token: `K10${await hash('node1')}::server:${TOKEN}` });
    expect(await Promise.all(['node2', 'node3'].map((host) => rke2.start(host, 'server')))).toEqual([0, 0]);
    const logs = (await rke2.log('node2', 'server')) + (await rke2.log('node3', 'server'));
    expect(logs).toContain('Waiting for other members to finish joining etcd cluster: ');
    expect(logs).toMatch(/Adding member node2-[0-9a-f]{8}=https:\/\/198\.18\.1\.2:2380 to etcd cluster \[/);
    expect(await rke2.log('node1', 'server')).toMatch(/Promoted learner node2-[0-9a-f]{8}/);
    const members = await rke2.members('node2');
    expect(members.voters.map((name) => name.slice(0, 5))).toEqual(['node1', 'node2', 'node3']);
    expect(members.learners).toEqual([]);
  });

  test('an agent joins with the label and taint it was given, and gets no role', async () => {
    await rke2.configure('node4', {
      server: SERVER,
      token: TOKEN,
      'node-label': ['tier=web'],
      'node-taint': ['only=web:NoSchedule'],
    });
    expect(await rke2.start('node4', 'agent')).toBe(0);
    expect(await rke2.log('node4', 'agent')).toContain('rke2 agent is up and running');
    await expect
      .poll(() => rke2.kubectl('node1', 'get nodes -l tier=web --no-headers'), { timeout: 15_000 })
      .toMatch(/^node4 +Ready +<none> /);
    expect(
      await rke2.kubectl('node1', `get node node4 -o jsonpath='{.spec.taints[?(@.key=="only")].effect}'`),
    ).toBe('NoSchedule');
    const addresses = (): Promise<string[]> =>
      rke2
        .sh('node4', `cat ${DATA}/agent/etc/rke2-api-server-agent-load-balancer.json`)
        .then((text) => JSON.parse(text).ServerAddresses.sort());
    await expect
      .poll(addresses, { timeout: 15_000 })
      .toEqual(['198.18.1.1:6443', '198.18.1.2:6443', '198.18.1.3:6443']);
  });

  test('an agent by a name that is taken is rejected for its node password', async () => {
    await rke2.configure('node5', { server: SERVER, token: TOKEN, 'node-name': 'node4' });
    expect(await rke2.start('node5', 'agent', 3)).toBe(124);
    expect(await rke2.log('node5', 'agent')).toContain(
      "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag",
    );
    await rke2.sh('node5', 'systemctl stop rke2-agent');
  });

  test('a server by a name that is taken is refused by etcd', async () => {
    await rke2.configure('node5', { server: SERVER, token: TOKEN, 'node-name': 'node2' });
    expect(await rke2.start('node5', 'server')).toBe(1);
    expect(await rke2.log('node5', 'server')).toContain(
      'duplicate node name found, please use a unique name for this node',
    );
    await rke2.sh('node5', `systemctl stop rke2-server; rm -rf ${DATA}/server`);
  });

  test('a label the kubelet may not set, or a taken kubelet port, keeps the Node from registering', async () => {
    await rke2.configure('node5', {
      server: SERVER,
      token: TOKEN,
      'node-label': ['node-role.kubernetes.io/worker=true'],
    });
    expect(await rke2.start('node5', 'agent', 4)).toBe(124);
    expect(await rke2.log('node5', 'agent')).toContain('Kubelet exited: exit status 1');
    expect(await rke2.sh('node5', `cat ${DATA}/agent/logs/kubelet.log`)).toContain(
      "unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [node-role.kubernetes.io/worker]",
    );
    await rke2.sh('node5', 'systemctl stop rke2-agent');
    await lab.fault('node5', 'port-taken', '10250');
    await rke2.configure('node5', { server: SERVER, token: TOKEN });
    expect(await rke2.start('node5', 'agent', 4)).toBe(124);
    expect(await rke2.log('node5', 'agent')).toContain('listen on port 10250');
    await lab.heal('node5');
    expect(await rke2.kubectl('node1', 'get nodes -o name')).not.toContain('node5');
    await rke2.sh('node5', 'systemctl stop rke2-agent');
  });

  test('the other role does not start beside a running one', async () => {
    await rke2.start('node4', 'server');
    expect(await rke2.sh('node4', 'systemctl is-active rke2-server || true')).toBe('inactive');
    expect(await rke2.log('node4', 'server')).toContain('Error: rke2-agent is running!');
  });

  test('an agent survives the loss of the server it was told of, and starts without it', async () => {
    await rke2.sh('node1', 'systemctl stop rke2-server; rke2-killall.sh >/dev/null 2>&1');
    await rke2.sh('node4', 'systemctl stop rke2-agent');
    expect(await rke2.start('node4', 'agent')).toBe(0);
    expect(await rke2.start('node1', 'server')).toBe(0);
  });
});

describe('stopping and removing', () => {
  test('systemctl stop leaves the static pods running, a start keeps them, killall ends them', async () => {
    const pods = (): Promise<string> => rke2.sh('node3', 'pgrep -x etcd; pgrep -x kube-apiserver; true');
    const before = await pods();
    expect(before.split('\n')).toHaveLength(2);
    await rke2.sh('node3', 'systemctl stop rke2-server');
    expect(await pods()).toBe(before);
    expect(await rke2.sh('node3', 'pgrep -x containerd || echo none')).toBe('none');
    expect(await rke2.start('node3', 'server')).toBe(0);
    expect(await pods()).toBe(before);
    expect(await rke2.sh('node3', 'grep -c kubelet/pods /proc/mounts; grep -c netns/cni /proc/mounts')).toBe(
      '1\n1',
    );
    await rke2.sh('node3', 'rke2-killall.sh >/dev/null 2>&1');
    expect(await pods()).toBe('');
    expect(
      await rke2.sh('node3', 'grep -c kubelet/pods /proc/mounts; grep -c netns/cni /proc/mounts; true'),
    ).toBe('0\n0');
    expect(await rke2.sh('node3', 'ls /sys/class/net')).not.toMatch(/cni0|flannel|kube-ipvs0/);
    expect(await rke2.sh('node3', 'iptables-save')).not.toContain('KUBE-');
    expect(await rke2.sh('node3', `ls ${DATA}/agent/pod-manifests`)).toBe('');
    expect(await rke2.start('node3', 'server')).toBe(0);
  });

  test('a pod that dies comes back', async () => {
    await rke2.sh('node3', 'kill -9 $(pgrep -x kube-apiserver)');
    await expect
      .poll(() => rke2.kubectl('node3', 'get --raw /readyz').catch(() => ''), { timeout: 15_000 })
      .toBe('ok');
  });

  test('deleting the Node of a server removes its member; its name is free again and it needs --server to return', async () => {
    await rke2.kubectl('node1', 'delete node node3 --timeout=30s');
    await expect
      .poll(() => rke2.members('node1').then(({ voters }) => voters.length), { timeout: 15_000 })
      .toBe(2);
    await expect
      .poll(() => rke2.log('node3', 'server'), { timeout: 15_000 })
      .toContain('Local Node deleted or removed from etcd cluster, cleaning up server static pods');
    expect(await rke2.sh('node3', 'pgrep -x etcd || echo none')).toBe('none');
    expect(await rke2.kubectl('node1', 'get secrets -n kube-system')).not.toContain(
      'node3.node-password.rke2',
    );
    await rke2.sh('node3', 'systemctl stop rke2-server');
    await rke2.configure('node3', { token: TOKEN });
    expect(await rke2.start('node3', 'server')).toBe(1);
    expect(await rke2.log('node3', 'server')).toContain(
      'tombstone file has been detected but --server is empty: backup and delete ',
    );
    await rke2.sh('node3', 'systemctl stop rke2-server');
    await rke2.configure('node3', { server: SERVER, token: TOKEN });
    expect(await rke2.start('node3', 'server')).toBe(0);
    expect((await rke2.members('node1')).voters).toHaveLength(3);
  });

  test('all servers start together after all were off', async () => {
    for (const host of ['node1', 'node2', 'node3']) await rke2.sh(host, 'rke2-killall.sh >/dev/null 2>&1');
    expect(await rke2.start('node1', 'server', 4)).toBe(124);
    const others = await Promise.all(['node2', 'node3', 'node1'].map((host) => rke2.start(host, 'server')));
    expect(others).toEqual([0, 0, 0]);
    await expect
      .poll(() => rke2.kubectl('node2', 'get nodes --no-headers | grep -c " Ready "'), { timeout: 30_000 })
      .toBe('4');
  });

  test('a server started with another token refuses the data it finds', async () => {
    await rke2.sh('node3', 'systemctl stop rke2-server');
    await rke2.configure('node3', { server: SERVER, token: 'another' });
    expect(await rke2.start('node3', 'server')).toBe(1);
    expect(await rke2.log('node3', 'server')).toContain(
      'bootstrap data already found and encrypted with different token',
    );
    await rke2.sh('node3', 'systemctl stop rke2-server');
  });

  test('uninstall takes everything but what a real one leaves behind', async () => {
    await rke2.sh('node4', 'rke2-uninstall.sh >/root/uninstall.log 2>&1');
    expect(await rke2.sh('node4', 'tail -n 4 /root/uninstall.log; cat /root/uninstall.log')).toContain(
      'Cleanup completed successfully',
    );
    const gone = [
      '/etc/rancher',
      '/var/lib/rancher',
      '/var/lib/kubelet',
      '/var/lib/cni',
      '/etc/cni',
      '/opt/cni/bin',
      '/var/log/pods',
      '/usr/local/bin/rke2',
      '/usr/local/bin/rke2-uninstall.sh',
      '/usr/local/share/rke2',
    ];
    for (const path of gone) expect(await rke2.sh('node4', `test ! -e ${path} && echo gone`)).toBe('gone');
    expect(await rke2.sh('node4', 'ls -d /run/k3s /opt/cni')).toBe('/opt/cni\n/run/k3s');
    expect(await rke2.sh('node4', 'ps -e -o args | grep -c "[r]ke2" || true')).toBe('0');
  });
});
