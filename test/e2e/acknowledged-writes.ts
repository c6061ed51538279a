import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import type { Project } from './project.ts';

/** Puts ConfigMaps through the API, in a process of its own, from now until it is stopped. */
export interface AcknowledgedWrites {
  /** Ends it, and tells what of the acknowledged is not in the cluster any more. */
  stop(): Promise<{
    readonly written: number;
    readonly missing: readonly string[];
    readonly longestGapMs: number;
  }>;
  /** The longest time without an acknowledged write, in ms, between a moment (ms since the epoch) and now. */
  longestGapSince(since: number): Promise<number>;
  kill(): void;
}

/** Starts `config-map-writer.ts` with the project's kubeconfig, read anew whenever nobody answers. */
export function startWrites(lab: Lab, project: Project): AcknowledgedWrites {
  const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url));
  const script = fileURLToPath(new URL('config-map-writer.ts', import.meta.url));
  const file = project.path('acknowledged');
  const writer = lab.spawn(
    [process.execPath, '--import', tsx, script, project.path('kube_config_cluster.yml'), file],
    { reject: false, stdio: 'ignore' },
  );
  return {
    kill: () => void writer.kill('SIGKILL'),
    longestGapSince: async (since) => {
      const lines = (await readFile(file, 'utf8')).trim().split('\n');
      const times = lines.map((line) => Number(line.split(' ')[1])).filter((at) => at > since);
      return longestGap([since, ...times, Date.now()]);
    },
    stop: async () => {
      writer.kill('SIGTERM');
      await writer;
      const written = (await readFile(file, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
      const { stdout } = expectExit(await project.kubectl('get', 'configmaps', '-o', 'name'));
      const present = new Set(stdout.split('\n').map((line) => line.replace('configmap/', '')));
      const times = written.map(([, at]) => Number(at));
      return {
        written: written.length,
        missing: written.flatMap(([name = '']) => (present.has(name) ? [] : [name])),
        longestGapMs: longestGap(times),
      };
    },
  };
}

function longestGap(times: readonly number[]): number {
  return Math.max(0, ...times.slice(1).map((at, index) => at - (times[index] ?? at)));
}
