import type { Lab, LabHost } from '../test/lab/lab.ts';

/** From the moment in which systemd begins to start a service until it says READY; seconds of the kernel's monotonic clock. */
export interface Start {
  readonly from: number;
  readonly to: number;
}

/**
 * How long at least one of the cluster's services was getting ready: by what systemd has of the last start of RKE2 on each
 * host; and, after the last of these, until the last Node was Ready, by what the API says of it in whole seconds, rounded
 * down. Nobody who installs can make that shorter. All hosts of a lab have one kernel, so their clocks are one. Throws where
 * a service did not come up, or not at its first try.
 */
export async function secondsOfStarts(lab: Lab, kubeconfig: string): Promise<number> {
  const starts = await Promise.all(lab.hosts.map((host) => readStart(lab, host)));
  const from = Math.max(...starts.map(({ to }) => to));
  const to = await lastReady(lab, kubeconfig);
  return secondsCovered([...starts, ...(to > from ? [{ from, to }] : [])]);
}

interface NodeList {
  readonly items: readonly {
    readonly status: {
      readonly conditions: readonly { readonly type: string; readonly lastTransitionTime: string }[];
    };
  }[];
}

/** When the last Node became Ready, by the monotonic clock. */
async function lastReady(lab: Lab, kubeconfig: string): Promise<number> {
  const { stdout } = await lab.run([lab.kubectl, '--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'json']);
  const { items } = JSON.parse(stdout) as NodeList;
  const times = items.flatMap(({ status }) =>
    status.conditions.flatMap(({ type, lastTransitionTime }) =>
      type === 'Ready' ? [Date.parse(lastTransitionTime) / 1000] : [],
    ),
  );
  return Math.max(...times) - (Date.now() / 1000 - Number(process.hrtime.bigint()) / 1e9);
}

/** How much time lies within at least one of them. */
export function secondsCovered(starts: readonly Start[]): number {
  let covered = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { from, to } of starts.toSorted((a, b) => a.from - b.from)) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return covered;
}

const QUESTION = `
for unit in rke2-server rke2-agent; do
  if [ "$(systemctl show -p ActiveState --value $unit)" = active ]; then
    systemctl show -p InactiveExitTimestampMonotonic -p ActiveEnterTimestampMonotonic -p NRestarts $unit
  fi
done
`;

async function readStart(lab: Lab, { name }: LabHost): Promise<Start> {
  const { stdout } = await lab.exec(name, ['sh', '-c', QUESTION]);
  const seconds = (property: string) =>
    Number(new RegExp(`^${property}TimestampMonotonic=(\\d+)$`, 'm').exec(stdout)?.[1]) / 1e6;
  const start = { from: seconds('InactiveExit'), to: seconds('ActiveEnter') };
  if (!(start.to > start.from) || !/^NRestarts=0$/m.test(stdout))
    throw new Error(`${name} has no single start to be timed: ${stdout.trim() || 'RKE2 does not run there'}`);
  return start;
}
