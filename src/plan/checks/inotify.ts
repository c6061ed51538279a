import { INOTIFY } from '../../rke2/requirements.ts';
import { hostCheck } from './check.ts';

/** Every container runtime, kubelet and many a pod watches files; the kernel's default runs out first. */
export const inotify = hostCheck('inotify', 'warning', ({ facts }, { cluster }) => {
  const { instances, watches } = facts.inotify;
  if (instances >= INOTIFY.instances && watches >= INOTIFY.watches) return null;
  if (cluster.prepare.includes('inotify')) return null;
  const low = [
    ...(instances < INOTIFY.instances
      ? [`fs.inotify.max_user_instances is ${instances}, not ${INOTIFY.instances}`]
      : []),
    ...(watches < INOTIFY.watches
      ? [`fs.inotify.max_user_watches is ${watches}, not ${INOTIFY.watches}`]
      : []),
  ];
  return {
    message: `${low.join('; ')}: with many pods, "too many open files" is what they die of.`,
    hint: 'Write `prepare: [inotify]` to have both raised, or set them in /etc/sysctl.d.',
  };
});
