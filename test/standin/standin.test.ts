import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { bootStandinLab, DATA, SERVER, TOKEN } from './standin-lab.ts';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  ({ lab, rke2 } = await bootStandinLab('standin', 3));
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
    const result = await run('node3', `rke2 ${command}`);
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toBe('');
    const last = result.stderr.trim().split('\n').at(-1) ?? '';
    expect(last).toMatch(/^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=fatal msg="Error: /);
    expect(last).toContain(message);
  });

  test('does not start a server without images or a registry that answers', async () => {
    await rke2.sh('node3', `mv ${DATA}/agent/images /root/images`);
    const result = await run('node3', 'rke2 server --token x');
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(
      'Pulling runtime image index.docker.io/rancher/rke2-runtime:v1.35.7-rke2r1',
    );
    expect(result.stderr).toContain(
      'level=fatal msg="Error: failed to get runtime image index.docker.io/rancher/rke2-runtime:v1.35.7-rke2r1: ',
    );
    await rke2.sh(
      'node3',
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
