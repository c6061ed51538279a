import * as z from 'zod';
import { showValue } from '../finding.ts';
import { checked, text } from './scalars.ts';

/** The name of a network interface on the hosts. */
export const InterfaceSchema = checked(text('must be the name of a network interface'), (name) =>
  /^[A-Za-z0-9_.:@-]{1,15}$/.test(name)
    ? null
    : {
        message: `${showValue(name)} cannot be the name of a network interface.`,
        hint: 'Write it as `ip link` shows it on the nodes, such as `eth1`.',
      },
);

const MTU = { error: 'must be a number of bytes from 576 to 65535, or 0 to leave it to the plugin' };

/** Bytes of a packet; 0 is RKE1's word for none set. */
export const MtuSchema = z
  .number(MTU)
  .int(MTU)
  .refine((mtu) => mtu === 0 || (mtu >= 576 && mtu <= 65_535), MTU);

const VNI = { error: 'must be a number from 1 to 16777215' };

/** Identifier of a VXLAN, as number or as text the way RKE1's files have it. */
export const VniSchema = z
  .union([z.number(VNI).int(VNI), z.string(VNI).regex(/^[1-9]\d{0,7}$/, VNI)], VNI)
  .refine((vni) => Number(vni) >= 1 && Number(vni) <= 16_777_215, VNI);

/** The ways of Flannel between nodes for which RKE2's charts have settings. */
export const BackendSchema = z.enum(['vxlan', 'host-gw', 'wireguard', 'udp'], {
  error: 'must be `vxlan`, `host-gw`, `wireguard` or `udp`, which RKE2’s charts know',
});

/** A directory on the hosts. */
export const HostDirectorySchema = checked(text('must be an absolute path'), (path) =>
  path.startsWith('/')
    ? null
    : {
        message: `${showValue(path)} is not an absolute path on the nodes.`,
        hint: 'Write it from the root on, such as `/var/lib/kubelet/volumeplugins`.',
      },
);
