import { createHash } from 'node:crypto';
import { textAt, valueAt } from '../json-path.ts';
import type { KubeObject } from '../kube-object.ts';
import { builtin } from '../resource-catalog.ts';
import {
  type Controller,
  type ControllerContext,
  changeStatus,
  createOwned,
  dropObject,
  KINDS,
  living,
} from './controller.ts';

const CHARTS = builtin('helm.cattle.io/helmcharts');
const CONFIGS = builtin('helm.cattle.io/helmchartconfigs');
const HASH = 'helmcharts.helm.cattle.io/configHash';

/** On a pod: what its container says when it ends with an error; it never does anything else. */
export const FAILURE = 'standin.rke2.io/failure';

/**
 * Each HelmChart gets a Job `helm-install-<name>`; when the chart or its HelmChartConfig changes, that Job is replaced. What
 * the chart would install is not there; values that are no YAML make the Job's pod fail.
 */
export const reconcileHelmCharts: Controller = async (context) => {
  const configs = living(context, CONFIGS);
  const jobs = context.view.list(KINDS.jobs);
  for (const chart of living(context, CHARTS)) {
    const { name, namespace } = chart.metadata;
    const same = (object: KubeObject, wanted: string) =>
      object.metadata.name === wanted && object.metadata.namespace === namespace;
    const config = configs.find((object) => same(object, name));
    const jobName = `helm-install-${name}`;
    const hash = hashOf([chart['spec'], config?.['spec']]);
    const job = jobs.find((object) => same(object, jobName));
    if (job === undefined)
      await createJob(context, chart, { jobName, hash, failure: failureOf(chart, config) });
    else if (hashOfJob(job) !== hash && job.metadata.deletionTimestamp === undefined)
      await dropObject(context, KINDS.jobs, job);
    if (job !== undefined) await changeStatus(context, CHARTS, chart, { jobName });
  }
};

function hashOf(value: unknown): string {
  return `SHA256=${createHash('sha256').update(JSON.stringify(value)).digest('hex').toUpperCase()}`;
}

function hashOfJob(job: KubeObject): unknown {
  const annotations = valueAt(job, 'spec.template.metadata.annotations');
  return (annotations as Readonly<Record<string, unknown>> | undefined)?.[HASH];
}

/** What helm says of values that it cannot read: here only brackets without their counterpart are looked for. */
function failureOf(chart: KubeObject, config: KubeObject | undefined): string | undefined {
  const isTorn = [chart, config].some((object) => {
    const text = object === undefined ? '' : textAt(object, 'spec.valuesContent');
    return (
      text.split('[').length !== text.split(']').length || text.split('{').length !== text.split('}').length
    );
  });
  if (!isTorn) return undefined;
  return "Error: failed to parse values: error converting YAML to JSON: yaml: did not find expected ',' or ']'";
}

async function createJob(
  context: ControllerContext,
  chart: KubeObject,
  {
    jobName,
    hash,
    failure,
  }: { readonly jobName: string; readonly hash: string; readonly failure: string | undefined },
): Promise<void> {
  const isBootstrap = valueAt(chart, 'spec.bootstrap') === true;
  const annotations = { [HASH]: hash, ...(failure === undefined ? {} : { [FAILURE]: failure }) };
  await createOwned(context, KINDS.jobs, chart, {
    name: jobName,
    labels: { 'helmcharts.helm.cattle.io/chart': chart.metadata.name },
    spec: {
      backoffLimit: 1000,
      template: {
        metadata: { annotations, labels: { 'helmcharts.helm.cattle.io/chart': chart.metadata.name } },
        spec: {
          restartPolicy: 'OnFailure',
          containers: [{ name: 'helm', image: 'rancher/klipper-helm:v0.11.1-build20260801' }],
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          ...(isBootstrap ? { hostNetwork: true, tolerations: [{ operator: 'Exists' }] } : {}),
        },
      },
    },
  });
}
