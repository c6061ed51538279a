import type { Diagnostic } from '../../domain/diagnostic.ts';
import { nodeId } from '../../domain/node-identity.ts';
import { isAdopted } from '../../render/adopted-files.ts';
import { factsOf } from '../../render/desired-node.ts';
import { CONFIG_PATH } from '../../rke2/paths.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { members } from './members.ts';

/**
 * Where an adoption's config.yaml (or a drop-in of it) still stands in for ours, it holds the node's token in its own way,
 * and would go on naming the old one: then the service would not start again.
 */
export function checkAdoptedFiles(input: MaintenanceInput): readonly Diagnostic[] {
  const { observed, operation, state } = input;
  const { servers, agents } = members(input);
  const names = [...servers, ...agents].flatMap(({ key, name }) => {
    const facts = factsOf(observed, key);
    if (facts === null) return [];
    const record = state.nodes[nodeId(state.clusterId, facts.machineId)] ?? null;
    const stands = Object.keys(facts.rke2.files).some(
      // `config.yaml` itself, and what lies in `config.yaml.d`.
      (path) => path.startsWith(CONFIG_PATH) && isAdopted(path, facts, record),
    );
    return stands ? [name] : [];
  });
  if (names.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'adopted-config',
      message: `On ${names.join(', ')} RKE2 still reads the config.yaml that was found when the cluster was taken over. It names the token itself, and would go on naming the old one.`,
      hint: `Have rke2ctl write its own there first: change a setting that every node has, such as one in \`services.kubelet.extra_args\`, and run \`rke2ctl up\`; then run \`rke2ctl ${operation.verb}\` again.`,
    },
  ];
}
