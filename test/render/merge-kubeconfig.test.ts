import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { renderKubeconfig } from '../../src/render/kubeconfig.ts';
import { mergeKubeconfig } from '../../src/render/merge-kubeconfig.ts';

interface Kubeconfig {
  readonly [key: string]: unknown;
  readonly clusters: readonly { readonly name: string; readonly cluster: unknown }[];
  readonly users: readonly { readonly name: string; readonly user: unknown }[];
  readonly contexts: readonly { readonly name: string; readonly context: unknown }[];
}

/** What a server of ours writes, with this CA. */
function ours(ca: string, name = 'lab', server = 'https://10.0.0.1:6443'): string {
  const text = stringify({
    clusters: [{ name: 'default', cluster: { 'certificate-authority-data': ca } }],
    users: [{ name: 'default', user: { 'client-certificate-data': `${ca}-admin` } }],
  });
  return renderKubeconfig(text, name, server);
}

const put = (text: string, addition: string, force = false) => {
  const result = mergeKubeconfig(text, addition, { force });
  if (!('text' in result)) throw new Error(JSON.stringify(result));
  return result;
};

/** Names that are not ours, and values as people keep them. */
const name = fc.stringMatching(/^[a-z][a-z0-9@.-]{0,8}$/).filter((each) => each !== 'lab');
const value = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z-]{0,8}$/),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()),
);
const named = (inner: string) =>
  fc
    .uniqueArray(fc.tuple(name, value), { selector: ([each]) => each, maxLength: 4 })
    .map((entries) => entries.map(([each, content]) => ({ name: each, [inner]: content })));
const foreign = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Config'),
  preferences: value,
  clusters: named('cluster'),
  users: named('user'),
  contexts: named('context'),
  'current-context': name,
});

describe('merging into a kubeconfig', () => {
  it('keeps everything of others, adds ours once, and is done the second time', () => {
    fc.assert(
      fc.property(foreign, (before) => {
        const { text } = put(stringify(before), ours('ca-1'));
        const after = parse(text) as Kubeconfig;
        for (const list of ['clusters', 'users', 'contexts'] as const) {
          expect(after[list].filter((entry) => entry.name !== 'lab')).toEqual(before[list]);
          expect(after[list].filter((entry) => entry.name === 'lab')).toHaveLength(1);
        }
        const { clusters: _c, users: _u, contexts: _x, ...rest } = after;
        const { clusters: _c2, users: _u2, contexts: _x2, ...restBefore } = before;
        expect(rest).toEqual(restBefore);
        expect(put(text, ours('ca-1'))).toEqual({ outcome: 'unchanged', text });
      }),
      { numRuns: 60 },
    );
  });

  it('leaves comments, and the bytes of what kubectl wrote', () => {
    const before = `# of mine\napiVersion: v1\nclusters:\n- cluster:\n    server: https://a:6443 # the old one\n  name: a\ncontexts:\n- context:\n    cluster: a\n    user: a\n  name: a\ncurrent-context: a\nkind: Config\nusers:\n- name: a\n  user:\n    token: "0123"\n`;
    const { text } = put(before, ours('ca-1'));
    const lines = text.split('\n');
    const kept = before.split('\n').filter((line) => lines.includes(line));
    expect(kept).toEqual(before.split('\n'));
  });

  it('renews the credentials of the same cluster, and keeps what was set in its context', () => {
    const first = put('', ours('ca-1')).text.replace(
      '      user: lab\n',
      '      user: lab\n      namespace: web\n',
    );
    const again = parse(put(first, ours('ca-1', 'lab', 'https://vip:6443')).text) as Kubeconfig;
    expect(again.clusters[0]?.cluster).toMatchObject({ server: 'https://vip:6443' });
    expect(again.contexts[0]?.context).toEqual({ cluster: 'lab', user: 'lab', namespace: 'web' });
  });

  it('refuses the place of another cluster unless forced', () => {
    const before = put('', ours('ca-2')).text;
    expect(mergeKubeconfig(before, ours('ca-1'), { force: false })).toEqual({ outcome: 'conflict' });
    const forced = parse(put(before, ours('ca-1'), true).text) as Kubeconfig;
    expect(forced.clusters).toHaveLength(1);
    expect(forced.clusters[0]?.cluster).toMatchObject({ 'certificate-authority-data': 'ca-1' });
    const userAlone = stringify({ users: [{ name: 'lab', user: { token: 'x' } }] });
    expect(mergeKubeconfig(userAlone, ours('ca-1'), { force: false }).outcome).toBe('conflict');
  });

  it.each(['- a list\n', 'kind: Secret\n', 'clusters: {}\n', 'a: [\n', 'clusters:\n  - cluster: {}\n'])(
    'does not touch what is no kubeconfig: %j',
    (text) => {
      expect(mergeKubeconfig(text, ours('ca-1'), { force: true }).outcome).toBe('unreadable');
    },
  );

  it('fills lists that are empty or missing', () => {
    const after = parse(put('apiVersion: v1\nclusters: []\nusers: null\n', ours('ca-1')).text) as Kubeconfig;
    expect([after.clusters.length, after.users.length, after.contexts.length]).toEqual([1, 1, 1]);
    expect(after['current-context']).toBe('lab');
  });
});
