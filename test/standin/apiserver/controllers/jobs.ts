import { textAt } from '../json-path.ts';
import { formatTimestamp } from '../kube-object.ts';
import { conditionStatus, withConditions } from './conditions.ts';
import { type Controller, changeStatus, KINDS, living, ownedBy } from './controller.ts';
import { createFromTemplate } from './replica-workloads.ts';

/** Each Job gets one Pod, and is Complete when that has succeeded. */
export const reconcileJobs: Controller = async (context) => {
  for (const job of living(context, KINDS.jobs)) {
    if (conditionStatus(job, 'Complete') === 'True') continue;
    const labels = { 'job-name': job.metadata.name, 'batch.kubernetes.io/job-name': job.metadata.name };
    const pods = ownedBy(context, KINDS.pods, job);
    if (pods.length === 0)
      await createFromTemplate(context, job, labels, {
        restartPolicy: textAt(job, 'spec.template.spec.restartPolicy') || 'Never',
      });
    const startTime = textAt(job, 'status.startTime') || formatTimestamp(new Date());
    if (pods.some((pod) => textAt(pod, 'status.phase') === 'Succeeded')) {
      const conditions = withConditions(job, [{ type: 'Complete', status: 'True' }]);
      const completionTime = formatTimestamp(new Date());
      await changeStatus(context, KINDS.jobs, job, { startTime, completionTime, succeeded: 1, conditions });
    } else await changeStatus(context, KINDS.jobs, job, { startTime, active: 1 });
  }
};
