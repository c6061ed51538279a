import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { makeProject, type Project } from './project.ts';

const RKE1 = fileURLToPath(new URL('../config/rke1/', import.meta.url));
const VERSION = 'v1.35.7+rke2r1';

let lab: Lab;
let project: Project;

beforeAll(async () => {
  lab = await createLab({ name: 'rke1-file', hosts: 3, bastion: true });
  project = await makeProject(lab, 'rke1-file');
  await mkdir(project.path('manifests'));
  await copyFile(`${RKE1}manifests/welcome.yaml`, project.path('manifests/welcome.yaml'));
  await writeFile(project.path('rke1.yml'), await oldFile());
  // Keeps what lies there when RKE2 is started for the first time ever, before it runs itself.
  for (const { name } of lab.hosts) await lab.exec(name, ['sh', '-ec', RECORDER]);
});
afterAll(() => lab?.destroy());

const RECORDER = `
for unit in rke2-server rke2-agent; do
  mkdir -p /etc/systemd/system/$unit.service.d
  cat > /etc/systemd/system/$unit.service.d/00-first-start.conf <<'EOF'
[Service]
ExecStartPre=/bin/sh -c 'test -e /root/first-start || { mkdir /root/first-start; cp -a --parents /etc/rancher /var/lib/rancher/rke2/server/manifests /root/first-start; true; }'
EOF
done
systemctl daemon-reload`;

/** RKE1's own full example, as somebody would have it whose hosts are those of the lab, where no registry answers. */
async function oldFile(): Promise<string> {
  const [server, second, third] = lab.hosts;
  const { bastion } = lab;
  if (!server || !second || !third || !bastion) throw new Error('the lab is too small');
  const text = await readFile(`${RKE1}full-en.yml`, 'utf8');
  return text
    .replace('10.20.0.11', server.address)
    .replace('10.20.0.12', second.address)
    .replace('worker.example.com', third.address)
    .replace('192.168.40.6', third.address)
    .replace('port: 2222', 'port: 22')
    .replace(/ {6}# this one has a key[\s\S]*?ssh-rsa-cert[^\n]*\n/, '')
    .replace('ssh_agent_auth: true', 'ssh_agent_auth: false')
    .replace('is_default: true', 'is_default: false')
    .replace('~/.ssh/cluster_rsa', server.keyPath)
    .replace(/jump\.example\.com\n {4}user: ubuntu/, `${bastion.address}\n    user: ${bastion.user}`)
    .replace('/home/ops/.ssh/jump_rsa', bastion.keyPath)
    .replaceAll('user: ubuntu', `user: ${server.user}`)
    .replaceAll(/ {4}- https:\/\/manifests[^\n]*\n/g, '');
}

const sh = async (host: string, line: string) => (await lab.exec(host, ['sh', '-c', line])).stdout.trim();
const first = (host: string, path: string) => sh(host, `cat /root/first-start${path}`);
const config = async (host: string) =>
  parse(await first(host, '/etc/rancher/rke2/config.yaml')) as Record<string, unknown>;

describe('RKE1’s own full example', () => {
  it('is told, finding by finding, what it cannot bring', async () => {
    const { stdout, stderr } = expectExit(await project.rke2ctl('validate', '--config', 'rke1.yml'), 3);
    expect(stdout + stderr).toContain('v1.10.3-rancher2');
    expect(stdout + stderr).toContain('custom_config');
    expect(stdout + stderr).toMatch(/rke1\.yml:\d+:\d+/);
  });

  it('becomes a file that is valid, and is not written over', async () => {
    const args = [
      'convert',
      'rke1.yml',
      '--out',
      'cluster.yml',
      '--version',
      VERSION,
      '--report',
      'report.json',
    ];
    const { stdout, stderr } = expectExit(await project.rke2ctl(...args));
    expect(stdout).toBe('');
    expect(stderr).toMatch(/kubernetes_version \(rke1\.yml:\d+\)/);
    expect(stderr).toMatch(/rke1\.yml → cluster\.yml: \d+ keys carried, /);
    expect(JSON.parse(await project.read('report.json'))).toMatchObject({ valid: true });
    expectExit(await project.rke2ctl('validate'));
    expect(expectExit(await project.rke2ctl(...args), 3).stderr).toContain('is there already');
  });

  it('has hosts of which it is said what RKE1 left there', async () => {
    await lab.exec('node2', ['sh', '-ec', LEFTOVERS]);
    const { stdout } = expectExit(await project.rke2ctl('convert', 'rke1.yml', '--check'), 1);
    expect(stdout).toContain('Docker still has RKE1’s containers: kubelet; 1 container of a pod.');
    expect(stdout).toMatch(
      /interfaces \(flannel\.1\); CNI configuration \(\/etc\/cni\/net\.d\/10-canal\.conflist\)/,
    );
    expect(stdout).toContain('rm -rf /etc/kubernetes');
    await lab.exec('node2', ['sh', '-ec', CLEANED]);
    expectExit(await project.rke2ctl('convert', 'rke1.yml', '--check'));
  });

  it('comes up, and all it says lies on the nodes before RKE2’s first start', async () => {
    const site = `${await project.read('cluster.yml')}\ninstall: {artifacts: ${lab.artifacts}}\n`;
    await writeFile(project.path('cluster.yml'), site);
    expectExit(await project.rke2ctl('up'));

    const server = await config('node1');
    expect(server).toMatchObject({
      'audit-policy-file': '/etc/rancher/rke2/rke2ctl/audit-policy.yaml',
      'etcd-s3': true,
      'etcd-s3-bucket': 'etcd-backups',
      'etcd-snapshot-schedule-cron': '0 */12 * * *',
    });
    expect(String(server['etcd-snapshot-retention'])).toBe('6');
    expect(await first('node1', '/etc/rancher/rke2/config.yaml.d/20-rke2ctl-secrets.yaml')).toContain(
      'not-a-real-secret',
    );
    expect(await first('node1', '/etc/rancher/rke2/rke2ctl/audit-policy.yaml')).toContain('RequestResponse');
    expect(await first('node3', '/etc/rancher/rke2/registries.yaml')).toContain('not-a-real-password');
    expect(await config('node3')).toMatchObject({
      'node-name': 'worker-3',
      'node-label': ['app=ingress'],
      'node-taint': ['dedicated=edge:NoSchedule'],
    });
    const manifests = await sh(
      'node1',
      'cat /root/first-start/var/lib/rancher/rke2/server/manifests/rke2ctl-*.yaml',
    );
    expect(manifests).toContain('name: front');
    expect(manifests).toContain('name: welcome');
    expect(manifests).toContain('rke2-canal');
    expect(await sh('node1', 'find /root/first-start -type f -perm /077')).toBe('');
  });

  it('has its objects and labels in the cluster, and a second up does nothing', async () => {
    const get = async (...args: string[]) =>
      expectExit(await project.kubectl('get', ...args, '-o', 'json')).stdout;
    expect(JSON.parse(await get('configmap', 'welcome'))).toMatchObject({ kind: 'ConfigMap' });
    expect(JSON.parse(await get('pod', 'front'))).toMatchObject({ kind: 'Pod' });
    expect(JSON.parse(await get('node', 'worker-3')).metadata.labels).toMatchObject({ app: 'ingress' });
    const { stderr, stdout } = expectExit(await project.rke2ctl('up'));
    expect(stdout + stderr).toContain('Nothing to do');
  });
});

const LEFTOVERS = `
mkdir -p /etc/kubernetes/ssl /etc/cni/net.d /var/lib/docker/containers/a /var/lib/docker/containers/b
touch /etc/cni/net.d/10-canal.conflist
echo '{"State":{"Running":true},"Name":"/kubelet"}' > /var/lib/docker/containers/a/config.v2.json
echo '{"Name":"/k8s_POD_web_default_0"}' > /var/lib/docker/containers/b/config.v2.json
ip link add flannel.1 type bridge`;

const CLEANED = `
rm -rf /etc/kubernetes /etc/cni /var/lib/docker
ip link delete flannel.1`;
