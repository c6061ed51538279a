import { mkdir, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';

const MANIFESTS = '/var/lib/rancher/rke2/server/manifests';
const OWN = '/etc/rancher/rke2/rke2ctl';
const URL_PORT = 8099;

/** Of a registry that nobody runs. */
const CA = `-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIUQGEzaaSunezF2f+SNb2fnDPUDAIwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLcmVnaXN0cnktY2EwIBcNMjYxMTIxMDcyNzIyWhgPMjEyNjEw
MjgwNzI3MjJaMBYxFDASBgNVBAMMC3JlZ2lzdHJ5LWNhMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAExc+erN0kgpwrrTXtEFCOZ977+jmwoCJyHVhetNyMBAtSEgNi
BM+Nw6V5GWgQiYoVvfWQSdKyO0pxlbAhv2qzY6NTMFEwHQYDVR0OBBYEFKiiLUTn
dFIVZ8IgsrBDnHl3FlGfMB8GA1UdIwQYMBaAFKiiLUTndFIVZ8IgsrBDnHl3FlGf
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgBwuGNTuY6UtbPSoA
raZr5CZamTa0rJ/D0BtJ3QYxyycCIQD/YQ+0QiA6JUSyS/ngqYFtoCcV22RHG5TF
hIm6CcmgnA==
-----END CERTIFICATE-----
`;

const ADDONS = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: prices, namespace: shop}
data: {bread: "3"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hours, namespace: shop}
data: {monday: "8-18"}
`;

function configMap(name: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: kube-system}\ndata: {v: "${value}"}\n`;
}

/** A cluster.yml that uses every kind of file that it can bring onto nodes. */
function everything(lab: Lab): Record<string, unknown> {
  return {
    ...clusterFile(lab, [SERVER, WORKER]),
    services: {
      'kube-api': {
        audit_log: {
          enabled: true,
          configuration: {
            max_age: 7,
            policy: { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] },
          },
        },
      },
    },
    registries: {
      mirrors: { 'docker.io': { endpoints: ['https://registry.example.com:5000'] } },
      configs: {
        'registry.example.com:5000': {
          auth: { username: 'puller', password: 'env:REGISTRY_PASSWORD' },
          tls: { ca: './registry-ca.crt' },
        },
      },
    },
    proxy: { https: 'http://proxy.example.com:3128', no_proxy: ['registry.example.com'] },
    addons: ADDONS,
    addons_include: ['./extra.yaml', `http://127.0.0.1:${URL_PORT}/fetched.yaml`],
    chart_values: { 'rke2-coredns': { autoscaler: { min: 2 } } },
  };
}

/** Every file of ours on the first node, and what it is for the second. */
const SERVER_FILES = [
  `${OWN}/audit-policy.yaml`,
  `${OWN}/registries/registry.example.com_5000/ca.crt`,
  '/etc/default/rke2-server',
  '/etc/rancher/rke2/registries.yaml',
  `${MANIFESTS}/rke2ctl-addons.yaml`,
  `${MANIFESTS}/rke2ctl-extra.yaml`,
  `${MANIFESTS}/rke2ctl-fetched.yaml`,
  `${MANIFESTS}/rke2ctl-values-rke2-coredns.yaml`,
];

describe('what cluster.yml brings beside config.yaml', () => {
  let lab: Lab;
  let project: Project;
  let web: ReturnType<Lab['spawn']>;
  let file: Record<string, unknown>;

  const onNode = async (host: string, script: string): Promise<string> =>
    expectExit(await lab.exec(host, ['sh', '-c', script])).stdout.trim();
  const exists = async (...object: string[]): Promise<boolean> =>
    (await project.kubectl('get', ...object, '--ignore-not-found', '-o', 'name')).stdout.trim() !== '';
  const serve = (text: string) => writeFile(project.path('web/fetched.yaml'), text);

  beforeAll(async () => {
    lab = await createLab({ name: 'addons', hosts: 2 });
    project = await makeProject(lab, 'addons');
    project.environment['REGISTRY_PASSWORD'] = 'pull-geheim-77';
    await mkdir(project.path('web'), { recursive: true });
    await serve(configMap('fetched', 'one'));
    await writeFile(project.path('extra.yaml'), configMap('extra', 'one'));
    await writeFile(project.path('registry-ca.crt'), CA);
    web = lab.spawn(
      [
        'python3',
        '-m',
        'http.server',
        String(URL_PORT),
        '--bind',
        '127.0.0.1',
        '--directory',
        project.path('web'),
      ],
      { reject: false },
    );
    file = everything(lab);
    await project.write(file);
  });
  afterAll(async () => {
    web?.kill('SIGKILL');
    await web;
    await lab?.destroy();
  });

  it('is on the nodes before RKE2 starts there for the first time', async () => {
    expectExit(await project.rke2ctl('up'));
    const newer = `find ${SERVER_FILES.join(' ')} -newermt "$(systemctl show --timestamp=us+utc -p ExecMainStartTimestamp --value rke2-server)"`;
    expect(await onNode('node1', newer)).toBe('');
    expect(await onNode('node1', `stat -c '%a %U' ${SERVER_FILES.join(' ')} | sort -u`)).toBe('600 root');
    expect(await onNode('node1', `stat -c %a ${OWN} ${MANIFESTS} /var/lib/rancher/rke2/server`)).toBe(
      '700\n700\n700',
    );
    expect(
      await onNode('node2', `ls -A ${OWN} /etc/default/rke2-agent; ls ${MANIFESTS} 2>&1 || true`),
    ).toMatch(/registries[\s\S]*No such file/);
  });

  it('reaches RKE2: the proxy, the policy, the registry with its password, which no output of ours shows', async () => {
    const environment = await onNode(
      'node1',
      "tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value rke2-server)/environ | grep -i proxy",
    );
    expect(environment).toContain('HTTPS_PROXY=http://proxy.example.com:3128');
    expect(environment).toMatch(/NO_PROXY=.*registry\.example\.com/);
    expect(await onNode('node1', 'grep audit-policy-file /etc/rancher/rke2/config.yaml')).toContain(OWN);
    expect(await onNode('node2', 'cat /etc/rancher/rke2/registries.yaml')).toContain('pull-geheim-77');
    for (const name of ['cluster.rkestate', 'cluster.journal.ndjson', 'cluster.log']) {
      expect(await project.read(name)).not.toContain('pull-geheim-77');
    }
  });

  it('applies addons of the file, of files beside it and of URLs', async () => {
    expect(await exists('configmap', 'prices', '-n', 'shop')).toBe(true);
    expect(await exists('configmap', 'extra', 'fetched', '-n', 'kube-system')).toBe(true);
    expect(await exists('helmchartconfigs.helm.cattle.io', 'rke2-coredns', '-n', 'kube-system')).toBe(true);
  });

  it('has nothing more to do', async () => {
    const { stdout, stderr } = expectExit(await project.rke2ctl('up'));
    expect(stdout + stderr).toContain('Nothing to do');
  });

  it.each([[[]], [['--refresh']]])(
    'is what `render` shows of each node, secrets aside (%j)',
    async (flags) => {
      for (const node of ['node1', 'node2']) {
        const { stdout } = expectExit(await project.rke2ctl('render', node, '--output', 'json', ...flags));
        expect(stdout).not.toContain('pull-geheim-77');
        const { files } = JSON.parse(stdout) as {
          files: readonly { path: string; content: string | null }[];
        };
        expect(files.length).toBeGreaterThan(4);
        for (const { path, content } of files) {
          const there = (await onNode(node, `cat ${path}`)).split('\n');
          const shown = (content ?? '').trim().split('\n');
          const masked = there.map((line, index) =>
            shown[index]?.includes('[secret]') ? shown[index] : line,
          );
          expect({ path, lines: shown }).toEqual({ path, lines: masked });
        }
      }
    },
  );

  it('changes one addon, which takes out what left it, and restarts nothing', async () => {
    const before = await onNode('node1', 'systemctl show -p MainPID --value rke2-server');
    const [kept = ''] = ADDONS.split('---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: hours');
    await project.write({ ...file, addons: kept.replace('"3"', '"4"') });
    expectExit(await project.rke2ctl('up'));
    const prices = await project.kubectl(
      'get',
      'configmap',
      'prices',
      '-n',
      'shop',
      '-o',
      'jsonpath={.data.bread}',
    );
    expect(prices.stdout).toBe('4');
    expect(await exists('configmap', 'hours', '-n', 'shop')).toBe(false);
    expect(await onNode('node1', 'systemctl show -p MainPID --value rke2-server')).toBe(before);
  });

  it('keeps to what a URL gave until it is told to take what is new there', async () => {
    await serve(configMap('fetched', 'two'));
    const cache = project.path('home/.cache/rke2ctl/addons');
    expectExit(await project.rke2ctl('plan'), 0);
    // Without its cache it has the text from the node, as long as that has it.
    await rm(cache, { recursive: true });
    expectExit(await project.rke2ctl('plan'), 0);
    await rm(cache, { recursive: true });
    await onNode('node1', `rm ${MANIFESTS}/rke2ctl-fetched.yaml`);
    const refused = await project.rke2ctl('up');
    expectExit(refused, 1);
    expect(refused.stderr).toMatch(/no longer what this cluster was given[\s\S]*--update-addons/);
    expectExit(await project.rke2ctl('up', '--update-addons'));
    const { stdout } = await project.kubectl(
      'get',
      'cm',
      'fetched',
      '-n',
      'kube-system',
      '-o',
      'jsonpath={.data.v}',
    );
    expect(stdout).toBe('two');
    expectExit(await project.rke2ctl('plan'), 0);
  });

  it('refuses a broken addon before anything is touched', async () => {
    await writeFile(project.path('extra.yaml'), 'kind: ConfigMap\nmetadata: {name: extra}\n');
    const refused = await project.rke2ctl('up');
    expectExit(refused, 3);
    expect(refused.stderr).toContain('apiVersion');
    await writeFile(project.path('extra.yaml'), configMap('extra', 'one'));
  });

  it('deletes what an addon brought once it is out of the file, and nothing else', async () => {
    const { addons: _inline, proxy: _proxy, services: _services, chart_values: _values, ...rest } = file;
    await project.write({ ...rest, addons_include: ['./extra.yaml'] });
    expectExit(await project.rke2ctl('up'));
    expect(await exists('namespace', 'shop')).toBe(false);
    expect(await exists('configmap', 'fetched', '-n', 'kube-system')).toBe(false);
    expect(await exists('configmap', 'extra', '-n', 'kube-system')).toBe(true);
    expect(await exists('helmchartconfigs.helm.cattle.io', 'rke2-coredns', '-n', 'kube-system')).toBe(false);
    expect(await exists('addons.k3s.cattle.io', 'rke2ctl-addons', '-n', 'kube-system')).toBe(false);
    const left = `ls -d ${SERVER_FILES.join(' ')} 2>/dev/null || true`;
    expect((await onNode('node1', left)).split('\n').sort()).toEqual(
      [
        '/etc/rancher/rke2/registries.yaml',
        `${OWN}/registries/registry.example.com_5000/ca.crt`,
        `${MANIFESTS}/rke2ctl-extra.yaml`,
      ].sort(),
    );
    expect(await onNode('node1', 'cat /etc/rancher/rke2/rke2ctl.json')).not.toContain('/etc/default');
    expectExit(await project.rke2ctl('plan'), 0);
  });

  it('stops at a file that somebody else put where ours must go', async () => {
    await onNode('node2', 'echo A=b >/etc/default/rke2-agent');
    await project.write({ ...file, addons_include: ['./extra.yaml'] });
    const refused = await project.rke2ctl('plan');
    expectExit(refused, 1);
    expect(refused.stderr).toMatch(/\/etc\/default\/rke2-agent is on the host already/);
    expectExit(await project.rke2ctl('plan', '--ignore-check', 'foreign-file'), 2);
  });

  it('goes with the cluster, all of it', async () => {
    await onNode('node2', 'rm /etc/default/rke2-agent');
    expectExit(await project.rke2ctl('remove', '--yes'));
    for (const node of ['node1', 'node2']) {
      expect(
        await onNode(node, 'ls -d /etc/rancher /var/lib/rancher /etc/default/rke2-* 2>/dev/null || true'),
      ).toBe('');
    }
  });
});
