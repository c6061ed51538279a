import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Drift, Plan } from '../../src/domain/plan.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, nodeEntry, type Project, WORKER } from './project.ts';

/* What people do to hosts at night: each is named by `plan` in one line, and mended by `up` or left with the way out. */

let lab: Lab;
let project: Project;

const MARKER = '/etc/rancher/rke2/rke2ctl.json';
const CONFIG = '/etc/rancher/rke2/config.yaml';
const TLS = '/var/lib/rancher/rke2/server/tls/etcd';
const ETCDCTL = `ETCDCTL_API=3 /usr/lib/rke2-standin/bin/etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${TLS}/server-ca.crt --cert=${TLS}/server-client.crt --key=${TLS}/server-client.key`;

beforeAll(async () => {
  lab = await createLab({ name: 'drift', hosts: 2 });
  project = await makeProject(lab, 'drift');
  const [one, two] = lab.hosts;
  if (one === undefined || two === undefined) throw new Error('the lab has no two hosts');
  const nodes = [nodeEntry(one, ALL), nodeEntry(two, WORKER, { labels: { disk: 'fast' } })];
  await project.write({ ...clusterFile(lab, []), nodes });
  expectExit(await project.rke2ctl('up'));
});

afterAll(() => lab?.destroy());

const sh = async (host: string, line: string) =>
  expectExit(await lab.exec(host, ['sh', '-c', line])).stdout.trim();

interface Told {
  readonly drift: readonly Drift[];
  /** The lines of the text for people below its heading. */
  readonly lines: readonly string[];
}

async function plan(): Promise<Told> {
  const asJson = expectExit(await project.rke2ctl('plan', '--output', 'json'), 2);
  const text = expectExit(await project.rke2ctl('plan'), 2).stdout;
  const { drift } = JSON.parse(asJson.stdout) as Plan;
  return { drift, lines: text.split('\n') };
}

interface Night {
  readonly name: string;
  readonly make: () => Promise<unknown>;
  readonly kind: Drift['kind'];
  readonly subject: string;
  /** How it can be seen afterwards that it is mended; throws while it is not. */
  readonly mended: () => Promise<unknown>;
}

const NIGHTS: readonly Night[] = [
  {
    name: 'a file was edited',
    make: () => sh('node2', `echo 'debug: true' >> ${CONFIG}`),
    kind: 'file',
    subject: CONFIG,
    mended: async () => expect(await sh('node2', `cat ${CONFIG}`)).not.toContain('debug'),
  },
  {
    name: 'a file was deleted',
    make: () => sh('node2', `rm ${CONFIG}`),
    kind: 'file',
    subject: CONFIG,
    mended: () => sh('node2', `test -s ${CONFIG}`),
  },
  {
    name: 'a port was closed',
    make: () =>
      sh(
        'node1',
        'firewall-cmd -q --permanent --remove-port=6443/tcp; firewall-cmd -q --remove-port=6443/tcp',
      ),
    kind: 'firewall',
    subject: '6443/tcp',
    mended: () =>
      sh(
        'node1',
        'firewall-cmd -q --query-port=6443/tcp && firewall-cmd -q --permanent --query-port=6443/tcp',
      ),
  },
  {
    name: 'a label was removed',
    make: () => project.kubectl('label', 'node', 'node2', 'disk-'),
    kind: 'label',
    subject: 'disk',
    mended: async () =>
      expect((await project.kubectl('get', 'node', 'node2', '-o', 'json')).stdout).toMatch(/"disk": "fast"/),
  },
  {
    name: 'the unit was disabled',
    make: () => sh('node2', 'systemctl -q disable rke2-agent'),
    kind: 'service',
    subject: 'rke2-agent',
    mended: () => sh('node2', 'systemctl -q is-enabled rke2-agent'),
  },
  {
    name: 'the program was swapped for another version',
    make: () => sh('node2', "sed -i 's/v1[.]35[.]7/v1.35.6/g' /usr/local/bin/rke2"),
    kind: 'binary',
    subject: '/usr/local/bin/rke2',
    mended: async () => expect(await sh('node2', '/usr/local/bin/rke2 --version')).toContain('v1.35.7'),
  },
  {
    name: 'the Node was deleted',
    make: () => project.kubectl('delete', 'node', 'node2'),
    kind: 'node-gone',
    subject: 'node2',
    mended: () => project.kubectl('get', 'node', 'node2').then((result) => expectExit(result)),
  },
  {
    name: 'RKE2 was stopped',
    make: () => sh('node2', 'systemctl stop rke2-agent'),
    kind: 'service',
    subject: 'rke2-agent',
    mended: () => sh('node2', 'systemctl -q is-active rke2-agent'),
  },
];

describe('what was changed by hand', () => {
  it.each(NIGHTS)('$name: named in one line, and mended by up', async ({ make, kind, subject, mended }) => {
    await make();
    const { drift, lines } = await plan();
    expect(drift.map((each) => [each.kind, each.subject, each.mended])).toContainEqual([kind, subject, true]);
    const message = drift.find((each) => each.kind === kind)?.message ?? 'none';
    expect(lines.filter((line) => line.includes(message))).toHaveLength(1);
    expectExit(await project.rke2ctl('up'));
    await mended();
    expectExit(await project.rke2ctl('plan'), 0);
  });

  it('a member more in etcd: named, left alone, with the way out', async () => {
    await sh('node1', `${ETCDCTL} member add stranger --learner --peer-urls=https://198.18.1.77:2380`);
    const { stdout } = await project.rke2ctl('plan', '--output', 'json');
    const more = (JSON.parse(stdout) as Plan).drift.find(({ kind }) => kind === 'member-more');
    expect(more).toMatchObject({ mended: false });
    expect(more?.message).toContain('198.18.1.77');
    const id = /^([0-9a-f]+),.*198\.18\.1\.77/m.exec(await sh('node1', `${ETCDCTL} member list`))?.[1] ?? '';
    await sh('node1', `${ETCDCTL} member remove ${id}`);
    expectExit(await project.rke2ctl('plan'), 0);
  });

  it('a marker of another cluster: refused, with the way out', async () => {
    await sh(
      'node2',
      `cp -p ${MARKER} /root/marker; sed -i 's/"clusterId": "[^"]*"/"clusterId": "another"/' ${MARKER}`,
    );
    const { stderr } = expectExit(await project.rke2ctl('plan'), 1);
    expect(stderr).toMatch(/another cluster[\s\S]*\[foreign-cluster\][\s\S]*→ Take it out of this file/);
    await sh('node2', `mv /root/marker ${MARKER}`);
    expectExit(await project.rke2ctl('plan'), 0);
  });
});
