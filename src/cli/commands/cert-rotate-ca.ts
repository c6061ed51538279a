import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Plan } from '../../domain/plan.ts';
import { readServedCertificate } from '../../host/read-served-certificate.ts';
import { caHash } from '../../pki/ca-hash.ts';
import { explainEnded } from '../../plan/ended-authorities.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { members } from '../../plan/maintenance/members.ts';
import { CA_PORTS, planRotateCa, type RotateCaRequest } from '../../plan/maintenance/rotate-ca.ts';
import { casAmong } from '../../rke2/ca-files.ts';
import type { CertRotateFlags } from '../flags.ts';
import { endedAmong, readServerFiles } from '../read-server-files.ts';
import { apiText, nodesText, restartingNodes } from '../restart-words.ts';
import { runMaintenance, type Scene } from '../run-maintenance.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl cert rotate --rotate-ca`: other CAs for a living cluster, those of the file or new ones. */
export function certRotateCa(flags: CertRotateFlags): Promise<ExitCode> {
  const force = flags.force === true;
  return runMaintenance<RotateCaRequest>(
    {
      verb: 'cert rotate --rotate-ca',
      asked: null,
      settle: (_asked, scene, workspace) => lookAtAuthorities(force, scene, workspace),
      plan: planRotateCa,
      explain,
      conclude: () => ({
        words: 'The servers show certificates of the new authorities, and every Node is Ready.',
      }),
      writesFiles: true,
    },
    flags,
  );
}

async function lookAtAuthorities(
  force: boolean,
  scene: Scene,
  workspace: Workspace,
): Promise<RotateCaRequest> {
  const { cluster, sessions, signals } = workspace;
  const own = casAmong(cluster.files, cluster.dataDir)?.cas['server-ca'].certificates;
  if (own !== undefined && caHash(own) === scene.state.caHash) throw isThere();
  const { servers } = members({ ...scene, cluster });
  const refusal = explainEnded(endedAmong(await readServerFiles(servers, workspace), cluster.dataDir), force);
  if (refusal !== null) throw new Rke2ctlError(refusal);
  const shown = await Promise.all(
    servers.map(async (node) => {
      const ports = await Promise.all(
        CA_PORTS.map(async (port) => {
          const answer = await readServedCertificate(sessions.get(node.key), { port, signal: signals.stop });
          return answer.asked ? [[String(port), answer.certificate.fingerprint] as const] : [];
        }),
      );
      return [node.name, Object.fromEntries(ports.flat())] as const;
    }),
  );
  return { force, before: Object.fromEntries(shown) };
}

function isThere(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'ca-same',
    message: 'The cluster has the CAs of `certificates.ca` already. Nothing was done.',
    hint: 'Name a directory with other CAs there, or leave the key out to have new ones made.',
    exitCode: 3,
  });
}

function explain(input: MaintenanceInput<RotateCaRequest>, plan: Plan): readonly string[] {
  const { servers } = members(input);
  const nodes = restartingNodes(plan);
  const own = casAmong(input.cluster.files, input.cluster.dataDir) !== null;
  const { force } = input.operation.request;
  const how = force && servers.length > 1 ? 'all servers at once' : 'one server after the other';
  return [
    `The cluster gets ${own ? 'the certificate authorities of `certificates.ca`' : 'new certificate authorities'}; ${nodesText(nodes)} restart, ${how}; pods keep running.`,
    force ? 'The API is away meanwhile.' : apiText(servers, nodes),
    force
      ? 'The old authorities do not vouch for them, so that no server could come up beside one that has not restarted; every copy of a kubeconfig is worth nothing from then on.'
      : 'The old ones vouch for them, so that whoever trusts only those still gets in.',
    'Pods that hold the old authority of the API (in the token of their service account) see the new one when they start anew.',
  ];
}
