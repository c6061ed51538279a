import type { InstallWay } from '../domain/plan.ts';
import type { DesiredNode } from '../render/desired-node.ts';
import { scriptEnvironment, scriptSource } from '../rke2/install-script.ts';
import type { UpInput } from './up-input.ts';

/** How RKE2 comes onto this node: the tarball of the artifact directory, or the official script and its settings. */
export function installWay(input: Pick<UpInput, 'cluster' | 'version'>, desired: DesiredNode): InstallWay {
  const { install } = input.cluster;
  if (install.method === 'airgap' && desired.tarball !== null) {
    return { method: 'airgap', tarball: desired.tarball, prefix: desired.prefix };
  }
  return {
    method: 'script',
    script: install.script ?? scriptSource(install.mirror),
    fetch: install.fetch,
    environment: scriptEnvironment({
      version: input.version,
      service: desired.planned.service,
      package: install.package,
      mirror: install.mirror,
      prefix: install.prefix,
    }),
  };
}
