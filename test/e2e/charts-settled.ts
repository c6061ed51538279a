import { expect, vi } from 'vitest';
import type { Project } from './project.ts';

interface Jobs {
  readonly items: readonly { readonly status?: { readonly succeeded?: number } }[];
}

/** Waits until RKE2 has installed its charts: from then on an idle cluster writes nothing of its own but leases. */
export async function chartsSettled(project: Project): Promise<void> {
  await vi.waitFor(
    async () => {
      const { stdout } = await project.kubectl('get', 'jobs', '-n', 'kube-system', '-o', 'json');
      const { items } = JSON.parse(stdout) as Jobs;
      expect(items.length).toBeGreaterThan(0);
      expect(items.filter(({ status }) => (status?.succeeded ?? 0) < 1)).toEqual([]);
    },
    { timeout: 90_000, interval: 1_000 },
  );
}
