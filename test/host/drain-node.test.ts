import { describe, expect, it } from 'vitest';
import { drainNode } from '../../src/host/drain-node.ts';
import type { Host } from '../../src/host/host.ts';

const OPTIONS = {
  force: false,
  ignoreDaemonsets: true,
  deleteEmptydir: false,
  gracePeriodSeconds: -1,
  timeoutSeconds: 120,
  skipSilent: false,
};

/** A drain in which kubectl says this, in pieces as they may come. */
async function drain(exitCode: number, stdout: string, stderr: string, options: object = {}) {
  const words: string[] = [];
  const args: string[][] = [];
  const host: Partial<Host> = {
    target: 'root@10.0.0.1:22',
    run: async (_script, { args: given = [], onStdout, onStderr } = {}) => {
      args.push([...given]);
      for (const piece of stdout.match(/[\s\S]{1,7}/g) ?? []) onStdout?.(Buffer.from(piece));
      for (const piece of stderr.match(/[\s\S]{1,7}/g) ?? []) onStderr?.(Buffer.from(piece));
      return { exitCode, stdout, stderr };
    },
  };
  const onProgress = (line: string) => words.push(line);
  const report = await drainNode(host as Host, 'node2', { ...OPTIONS, ...options, onProgress });
  return { report, words, args: args[0] };
}

describe('drainNode', () => {
  it('says which pods go', async () => {
    const { report, words, args } = await drain(
      0,
      'node/node2 already cordoned\nevicting pod default/web-1\nevicting pod work/db-0\npod/web-1 evicted\npod/db-0 evicted\nnode/node2 drained\n',
      'Warning: ignoring DaemonSet-managed Pods: kube-system/rke2-canal-x7\n',
    );
    expect(report).toMatchObject({ drained: true, evicted: 2, refused: [], going: [], untouched: [] });
    expect(words).toEqual([
      'evicts default/web-1',
      'evicts work/db-0',
      'web-1 is gone, 1 of 2',
      'db-0 is gone, 2 of 2',
    ]);
    expect(args).toEqual(['drain', 'node2', '--ignore-daemonsets', '--grace-period=-1', '--timeout=120s']);
  });

  it('passes on what the file asks for', async () => {
    const all = { force: true, deleteEmptydir: true, gracePeriodSeconds: 5, skipSilent: true };
    expect((await drain(0, '', '', all)).args).toEqual([
      ...['drain', 'node2', '--force', '--ignore-daemonsets', '--delete-emptydir-data', '--grace-period=5'],
      ...['--timeout=120s', '--skip-wait-for-delete-timeout=1'],
    ]);
  });

  it.each([
    [
      'new',
      'error when evicting pods/"web-1" -n "work" (will retry after 5s): Cannot evict pod as it would violate the pod\'s disruption budget.',
    ],
    [
      'old',
      'error when evicting pod "web-1" (will retry after 5s): Cannot evict pod as it would violate the pod\'s disruption budget.',
    ],
  ])(
    'tells pods that may not go from those that only take their time (%s kubectl)',
    async (_age, refusal) => {
      const { report } = await drain(
        1,
        'evicting pod work/web-1\nevicting pod work/slow\nevicting pod work/quick\npod/quick evicted\n',
        `${refusal}\nerror: unable to drain node "node2" due to error: global timeout reached: 2m0s, continuing command...\nThere are pending nodes to be drained:\n node2\n`,
      );
      const reason = "Cannot evict pod as it would violate the pod's disruption budget.";
      expect(report).toMatchObject({
        drained: false,
        evicted: 1,
        refused: [{ namespace: 'work', name: 'web-1', reason }],
        going: [{ namespace: 'work', name: 'slow' }],
        untouched: [],
      });
    },
  );

  it('tells which options would let it touch the rest', async () => {
    const { report } = await drain(
      1,
      '',
      'error: unable to drain node "node2" due to error: [cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): kube-system/a, kube-system/b, cannot delete Pods declare no controller (use --force to override): work/bare, cannot delete Pods with local storage (use --delete-emptydir-data to override): work/cache], continuing command...\n',
    );
    expect(report.untouched).toEqual([
      { option: '--ignore-daemonsets', pods: 'kube-system/a, kube-system/b' },
      { option: '--force', pods: 'work/bare' },
      { option: '--delete-emptydir-data', pods: 'work/cache' },
    ]);
  });
});
