import { hostCheck } from './check.ts';

/** RKE2 finds its own address by the default route, and service addresses are reached over it. */
export const defaultRoute = hostCheck('default-route', 'error', ({ facts }) => {
  if (facts.routes.some((route) => ['default', '0.0.0.0/0', '::/0'].includes(route.destination))) return null;
  return {
    message:
      'The host has no default route. RKE2 finds its address by it, and will not start without one, even in a closed network.',
    hint: 'Add one. In a closed network a dummy is enough: `ip link add dummy0 type dummy; ip addr add 203.0.113.254/31 dev dummy0; ip link set dummy0 up; ip route add default via 203.0.113.255 dev dummy0 metric 1000`, and make it last over reboots.',
  };
});
