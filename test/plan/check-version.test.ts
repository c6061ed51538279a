import { describe, expect, it } from 'vitest';
import { checkVersion } from '../../src/plan/check-version.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput } from '../support/model-hosts.ts';

const cluster = makeCluster({
  nodes: [makeNode('10.0.0.1', ['etcd', 'controlplane']), makeNode('10.0.0.2', ['worker'])],
});

/** What is said when a cluster whose nodes run `running` (servers, worker) is to be at `wanted`. */
function judge(running: readonly [string, string], wanted: string) {
  const { world } = converge(makeWorld(cluster, { firewalld: false }));
  const { observed } = planInput(world);
  const hosts = Object.fromEntries(
    Object.entries(observed.hosts).map(([key, host]) => [
      key,
      host.reachable && host.facts.rke2.nodes !== null
        ? {
            ...host,
            facts: {
              ...host.facts,
              rke2: {
                ...host.facts.rke2,
                nodes: host.facts.rke2.nodes.map((node, index) => ({
                  ...node,
                  version: running[index] ?? '',
                })),
              },
            },
          }
        : host,
    ]),
  );
  return checkVersion({ hosts }, world.state, wanted).map(({ code, node }) => `${code} ${node ?? ''}`.trim());
}

const V34 = 'v1.34.9+rke2r1';
const V35 = 'v1.35.7+rke2r1';
const V36 = 'v1.36.4+rke2r1';

describe('checkVersion', () => {
  it('lets a cluster stay, take a patch, a build or the next minor version', () => {
    expect(judge([V35, V35], V35)).toEqual([]);
    expect(judge([V35, V35], 'v1.35.7+rke2r2')).toEqual([]);
    expect(judge([V35, V35], V36)).toEqual([]);
  });

  it('lets an upgrade that was cut off go on', () => {
    expect(judge([V36, V35], V36)).toEqual([]);
  });

  it('refuses to skip a minor version on servers, not on a worker that is behind', () => {
    expect(judge([V34, V34], V36)).toEqual(['version-skips-minor h0']);
    expect(judge([V35, V34], V36)).toEqual([]);
    expect(judge([V35, 'v1.32.1+rke2r1'], V36)).toEqual(['version-kubelet-too-old h1']);
  });

  it('refuses to go back a minor version, and warns of a patch', () => {
    expect(judge([V36, V36], V35)).toEqual(['version-downgrade h0']);
    expect(judge([V36, V35], V35)).toEqual(['version-downgrade h0']);
    expect(judge([V35, V35], 'v1.35.6+rke2r1')).toEqual(['version-patch-back']);
    expect(judge([V35, V35], 'v2.0.0+rke2r1')).toEqual(['version-downgrade h0']);
  });
});
