import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';
import { drawPlan, type PlanGraph } from '../../src/ui/plan-graph.ts';
import { writeMermaid } from '../../src/ui/plan-mermaid.ts';
import { writeSvg } from '../../src/ui/plan-svg.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planWorld } from '../support/model-hosts.ts';

const SERVER: readonly Role[] = ['etcd', 'controlplane'];

function clusterOf(servers: number, workers: number) {
  const nodes = (count: number, roles: readonly Role[], name: string, net: number) =>
    Array.from({ length: count }, (_, index) =>
      makeNode(`10.0.${net}.${index + 1}`, roles, { name: `${name}-${index + 1}` }),
    );
  return makeCluster({
    nodes: [...nodes(servers, SERVER, 'server', 0), ...nodes(workers, ['worker'], 'worker', 1)],
  });
}

function upgradeOf(servers: number, workers: number): Plan {
  const cluster = clusterOf(servers, workers);
  const { world } = converge(makeWorld(cluster, { firewalld: false }));
  return planWorld({ ...world, cluster: { ...cluster, version: 'v1.36.1+rke2r1' } });
}

const fresh = planWorld(makeWorld(clusterOf(3, 3), { firewalld: true }));

/** Cards in an order in which each comes after all it waits for; throws when there is none. */
function sortCards({ cards, edges }: PlanGraph): readonly string[] {
  const sorted: string[] = [];
  while (sorted.length < cards.length) {
    const next = cards.find(
      ({ id }) => !sorted.includes(id) && edges.every(({ from, to }) => to !== id || sorted.includes(from)),
    );
    if (next === undefined) throw new Error('the cards wait for each other in a circle');
    sorted.push(next.id);
  }
  return sorted;
}

describe('drawPlan', () => {
  it('shows what happens on one node at a stretch as one card, and alike workers once', () => {
    const graph = drawPlan(upgradeOf(2, 50), []);
    const shown = graph.cards.map(({ title, lines }) =>
      [title, ...lines.map(({ text }) => text)].join(' | '),
    );
    expect(shown).toContainEqual(
      expect.stringMatching(
        /^server-2 {2}etcd\+controlplane \| install .* \| restart rke2-server \| etcd 2 of 2 → 1 of 2/,
      ),
    );
    expect(
      shown.filter((card) => card.startsWith('50 nodes, 5 at a time: worker-1, worker-2 and 48 more')),
    ).toHaveLength(3);
  });

  it('has no circles, and shows every step of the servers', () => {
    for (const plan of [fresh, upgradeOf(3, 4)]) {
      const graph = drawPlan(plan, []);
      expect(sortCards(graph)).toHaveLength(graph.cards.length);
      const servers = plan.steps.filter(({ node }) => node?.service === 'rke2-server');
      const lines = graph.cards
        .filter(({ kind }) => kind !== 'agent')
        .flatMap((card) => card.lines.filter(({ isDisturbance }) => !isDisturbance));
      expect(lines.length).toBe(servers.length + plan.steps.filter(({ node }) => node === null).length);
    }
  });

  it('leaves out what follows from the rest', () => {
    const { edges } = drawPlan(fresh, []);
    expect(edges.length).toBeLessThan(32);
  });
});

describe('the pictures', () => {
  const graph: PlanGraph = {
    title: 'a "b" <c>',
    cards: [
      {
        id: 'c0',
        title: 'n"1"',
        kind: 'server',
        lines: [{ text: 'write <a> & `b`; "c"', isDisturbance: false }],
      },
      {
        id: 'c1',
        title: 'end',
        kind: 'cluster',
        lines: [{ text: 'etcd 3 of 3 → 2 of 3', isDisturbance: true }],
      },
    ],
    edges: [
      { from: 'c0', to: 'c1', needs: true },
      { from: 'c0', to: 'c1', needs: false },
    ],
  };

  it('as Mermaid: nothing of a name can end a label', () => {
    expect(writeMermaid(graph).split('\n').slice(0, 8)).toEqual([
      '---',
      'title: "a \\"b\\" <c>"',
      '---',
      'flowchart TB',
      '  c0["<b>n#34;1#34;</b><br/>write #60;a#62; #38; #96;b#96;#59; #34;c#34;"]:::server',
      '  c1["<b>end</b><br/><i>etcd 3 of 3 → 2 of 3</i>"]:::cluster',
      '  c0 --> c1',
      '  c0 -.-> c1',
    ]);
  });

  it('as SVG: whole, escaped, no card over another', () => {
    expect(writeSvg(graph)).toContain('write &lt;a&gt; &amp; `b`; &quot;c&quot;');
    const svg = writeSvg(drawPlan(fresh, []));
    const boxes = [
      ...svg.matchAll(/<g transform="translate\(([\d.]+) ([\d.]+)\)"><rect width="(\d+)" height="(\d+)"/g),
    ].map(([, x, y, width, height]) => ({
      left: Number(x),
      top: Number(y),
      right: Number(x) + Number(width),
      bottom: Number(y) + Number(height),
    }));
    expect(boxes.length).toBeGreaterThan(10);
    for (const [index, one] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) {
        const apart =
          one.right <= other.left ||
          other.right <= one.left ||
          one.bottom <= other.top ||
          other.bottom <= one.top;
        expect(apart).toBe(true);
      }
    }
    expect(svg.match(/<g/g)?.length).toBe(svg.match(/<\/g>/g)?.length);
  });
});
