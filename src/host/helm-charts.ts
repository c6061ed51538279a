import * as z from 'zod';
import { manifestsDir } from '../rke2/paths.ts';
import { lastLines } from './command-failure.ts';
import type { Host } from './host.ts';
import { type CallOptions, getAddons } from './kubectl.ts';
import { runKubectl } from './run-kubectl.ts';

/** A HelmChart in kube-system, and the Job that installs it. */
export interface ChartJob {
  readonly chart: string;
  /** `none`: there is no such Job yet; `gone`: it has run before and was taken away since. */
  readonly state: 'none' | 'gone' | 'running' | 'complete';
}

/** The pod of a Job that has not completed. */
export interface JobPod {
  readonly job: string;
  readonly pod: string;
  /** How often its container ended with an error. */
  readonly failures: number;
  /** True while no node takes it. */
  readonly unschedulable: boolean;
}

const JOB_PREFIX = 'helm-install-';

/** One line for each object; HelmCharts hold whole charts, which must not be sent each time. */
const LINES =
  '{{range .items}}{{.kind}} {{.metadata.name}} {{with .status}}{{if .jobName}}ran{{end}}{{if .succeeded}}complete{{end}}{{end}}{{"\\n"}}{{end}}';

/** Every HelmChart of kube-system. Empty, too, as long as the API does not know the kind. */
export async function getChartJobs(host: Host, options: CallOptions = {}): Promise<readonly ChartJob[]> {
  const args = [
    'get',
    'helmcharts.helm.cattle.io,jobs.batch',
    '-n',
    'kube-system',
    '-o',
    `go-template=${LINES}`,
  ];
  const { stdout } = await runKubectl(host, args, { what: 'Listing the Helm charts', ...options });
  const rows = stdout.split('\n').map((line) => line.split(' '));
  const jobs = new Map(
    rows.flatMap(([kind, name = '', words]) => (kind === 'Job' ? [[name, words] as const] : [])),
  );
  return rows.flatMap(([kind, chart = '', words]): ChartJob[] => {
    if (kind !== 'HelmChart') return [];
    const job = jobs.get(`${JOB_PREFIX}${chart}`);
    if (job === undefined) return [{ chart, state: words === 'ran' ? 'gone' : 'none' }];
    return [{ chart, state: job === 'complete' ? 'complete' : 'running' }];
  });
}

const PodsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
      status: z
        .object({
          phase: z.string().optional(),
          conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
          containerStatuses: z.array(z.object({ restartCount: z.number().optional() })).nullish(),
        })
        .optional(),
    }),
  ),
});

/** The pods of the Jobs that install these charts. */
export async function getChartPods(
  host: Host,
  charts: readonly string[],
  options: CallOptions = {},
): Promise<readonly JobPod[]> {
  const args = ['get', 'pods', '-n', 'kube-system', '-l', 'job-name', '-o', 'json'];
  const { stdout } = await runKubectl(host, args, { what: 'Listing the pods of Helm charts', ...options });
  return PodsSchema.parse(JSON.parse(stdout)).items.flatMap(({ metadata, status }): JobPod[] => {
    const job = metadata.labels?.['job-name'] ?? '';
    if (!job.startsWith(JOB_PREFIX) || !charts.includes(job.slice(JOB_PREFIX.length))) return [];
    const scheduled = (status?.conditions ?? []).find(({ type }) => type === 'PodScheduled');
    const restarts = (status?.containerStatuses ?? []).reduce(
      (sum, { restartCount = 0 }) => sum + restartCount,
      0,
    );
    return [
      {
        job: job.slice(JOB_PREFIX.length),
        pod: metadata.name,
        failures: restarts + (status?.phase === 'Failed' ? 1 : 0),
        unschedulable: status?.phase === 'Pending' && scheduled?.status === 'False',
      },
    ];
  });
}

/** The last lines that a pod of kube-system has written; none where they cannot be had. */
export async function getPodWords(
  host: Host,
  pod: string,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const args = ['logs', '-n', 'kube-system', pod, '--tail=10'];
  const call = { what: `Reading the log of ${pod}`, allowFailure: true, ...options };
  const { exitCode, stdout } = await runKubectl(host, args, call);
  return exitCode === 0 ? lastLines(stdout, 5) : [];
}

/** $1: the directory of manifests. Of RKE2's own, the hash and the name of each that is to be applied. */
const PACKAGED = `
cd "$1" 2>/dev/null || exit 0
for f in rke2-*.yaml; do
  if [ -f "$f" ] && [ ! -e "$f.skip" ]; then sha256sum "$f"; fi
done
`;

/** Names of RKE2's own manifests on this server that its controller has not applied as they are now. */
export async function unappliedPackages(host: Host, options: CallOptions = {}): Promise<readonly string[]> {
  const { dataDir, ...call } = options;
  const { stdout } = await host.run(PACKAGED, {
    args: [manifestsDir(dataDir)],
    what: 'Reading the manifests of RKE2',
    ...call,
  });
  const applied = await getAddons(host, options);
  return stdout.split('\n').flatMap((line) => {
    const [, sha256, name = ''] = /^([0-9a-f]{64}) [ *]?([^.]+)\./.exec(line) ?? [];
    return sha256 === undefined || applied[name] === sha256 ? [] : [name];
  });
}
