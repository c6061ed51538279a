import { CGROUP_CONTROLLERS } from '../../rke2/requirements.ts';
import { hostCheck } from './check.ts';

/** Without these controllers of the kernel neither RKE2 nor its kubelet starts. */
export const cgroupControllers = hostCheck('cgroup-controllers', 'error', ({ facts }) => {
  const { version, controllers } = facts.cgroup;
  const missing = CGROUP_CONTROLLERS[version].filter((name) => !controllers.includes(name));
  if (missing.length === 0) return null;
  return {
    message: `The kernel does not offer the cgroup v${version} controller${missing.length > 1 ? 's' : ''} ${missing.join(', ')}, and RKE2 will not start without.`,
    hint: 'Switch them on on the kernel’s command line (`cgroup_enable=memory cgroup_memory=1` on Raspberry Pi; take `cgroup_disable=…` out elsewhere) and reboot.',
  };
});
