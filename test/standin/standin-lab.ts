import { createLab, type Lab } from '../lab/lab.ts';
import { type LabRke2, openFirewall, useRke2 } from './lab-rke2.ts';

export const DATA = '/var/lib/rancher/rke2';
export const TOKEN = 'Xo3fKzq8Lw2p';
/** Where the others join: the first host. */
export const SERVER = 'https://198.18.1.1:9345';

/** A lab for the tests of one file, and what one does with the stand-in in it. */
export interface StandinLab {
  readonly lab: Lab;
  readonly rke2: LabRke2;
}

/**
 * Boots hosts with the firewall open; on all of them, unless `isBare`, the stand-in is installed, and nowhere is it
 * configured or started. Whoever calls it destroys the lab.
 */
export async function bootStandinLab(name: string, hosts: number, isBare = false): Promise<StandinLab> {
  const lab = await createLab({ hosts, sudo: 'root', name });
  const rke2 = useRke2(lab);
  await openFirewall(lab, rke2);
  if (!isBare) for (const host of lab.hosts) await rke2.install(host.name);
  return { lab, rke2 };
}
