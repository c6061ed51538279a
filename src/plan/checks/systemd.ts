import { hostCheck } from './check.ts';

/** RKE2 is run by systemd; nothing else can start it here. */
export const systemd = hostCheck('systemd', 'error', ({ facts }) =>
  facts.systemd
    ? null
    : {
        message:
          'systemd does not run here (is this a container, or a host with another init?). RKE2 is started and kept up by it.',
        hint: 'Use a host whose PID 1 is systemd.',
      },
);
