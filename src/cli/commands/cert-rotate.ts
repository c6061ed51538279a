import type { CertificateFacts, CertificateFile } from '../../domain/certificates.ts';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Plan, PlannedNode } from '../../domain/plan.ts';
import { readServedCertificate } from '../../host/read-served-certificate.ts';
import { explainEnded } from '../../plan/ended-authorities.ts';
import { type CertRotateRequest, planCertRotate, portsOf } from '../../plan/maintenance/cert-rotate.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { type Members, members } from '../../plan/maintenance/members.ts';
import { CERTIFICATE_SERVICES, certificateService } from '../../rke2/certificate-services.ts';
import type { CertRotateFlags } from '../flags.ts';
import { endedAmong, readServerFiles } from '../read-server-files.ts';
import { apiText, nodesText, restartingNodes } from '../restart-words.ts';
import { runMaintenance, type Scene } from '../run-maintenance.ts';
import type { Workspace } from '../workspace.ts';

const SUPERVISOR_PORT = 9345;

type Asked = Pick<CertRotateRequest, 'services' | 'nodes'>;

/** `rke2ctl cert rotate`: new certificates for every node, server by server, proved on the wire. */
export function certRotate(flags: CertRotateFlags): Promise<ExitCode> {
  const asked: Asked = { services: servicesOf(flags.service ?? []), nodes: flags.node ?? [] };
  const isNothing = asked.services.length === 0 && asked.nodes.length === 0;
  return runMaintenance<CertRotateRequest>(
    {
      verb: 'cert rotate',
      asked: isNothing ? null : (asked as CertRotateRequest),
      settle: (_asked, scene, workspace) => lookAtCertificates(asked, scene, workspace),
      plan: planCertRotate,
      explain,
      conclude: () => ({
        words: 'Every port that was asked shows a new certificate, and every Node is Ready.',
      }),
    },
    flags,
  );
}

function servicesOf(names: readonly string[]): readonly string[] {
  return [...new Set(names)].map((name) => {
    const service = certificateService(name);
    if (service !== null) return service;
    throw new Rke2ctlError({
      code: 'unknown-service',
      message: `\`--service ${name}\` names no service that has certificates of its own.`,
      hint: `There are: ${CERTIFICATE_SERVICES.join(', ')}; and in RKE1's words kube-apiserver, kube-controller-manager, kube-scheduler.`,
      exitCode: 3,
    });
  });
}

/** What each port shows now, and whether etcd's own certificates, or a CA, have ended. */
async function lookAtCertificates(
  asked: Asked,
  scene: Scene,
  workspace: Workspace,
): Promise<CertRotateRequest> {
  const { cluster } = workspace;
  const all = members({ ...scene, cluster });
  refuseUnknownNodes(asked.nodes, all);
  const files = await readServerFiles(all.servers, workspace);
  const refusal = explainEnded(endedAmong(files, cluster.dataDir), false);
  if (refusal !== null) throw new Rke2ctlError(refusal);
  const nodes = [...all.servers, ...all.agents];
  const shown = await Promise.all(
    nodes.map(async (node) => [node.name, await shownBy(node, asked.services, workspace)] as const),
  );
  const apart = cluster.externalDatastore ? [] : all.servers.filter((node) => isCutOff(files.get(node.key)));
  return {
    ...asked,
    before: Object.fromEntries(shown),
    together: apart.length > 1,
    first: apart.length === 1 ? (apart[0]?.name ?? null) : null,
    snapshot: await isSupervisorWell(all.servers, workspace),
  };
}

/** Whether a server's certificate for the other members of etcd has ended. */
function isCutOff(files: readonly CertificateFile[] = []): boolean {
  return files.some(
    ({ path, certificates }) =>
      path.endsWith('/tls/etcd/peer-server-client.crt') && certificates.slice(0, 1).some(hasEnded),
  );
}

/** RKE2 takes a snapshot through the supervisor's port of its own server, and believes no certificate that has ended. */
async function isSupervisorWell(
  servers: readonly PlannedNode[],
  { sessions, signals }: Workspace,
): Promise<boolean> {
  const answers = await Promise.all(
    servers.map(({ key }) =>
      readServedCertificate(sessions.get(key), { port: SUPERVISOR_PORT, signal: signals.stop }),
    ),
  );
  return !answers.some((answer) => answer.asked && hasEnded(answer.certificate));
}

async function shownBy(
  node: PlannedNode,
  services: readonly string[],
  { cluster, sessions, signals }: Workspace,
): Promise<Readonly<Record<string, string>>> {
  const ports = portsOf(node, services, cluster.externalDatastore);
  const answers = await Promise.all(
    ports.map(async (port) => {
      const answer = await readServedCertificate(sessions.get(node.key), { port, signal: signals.stop });
      return answer.asked ? [[String(port), answer.certificate.fingerprint] as const] : [];
    }),
  );
  return Object.fromEntries(answers.flat());
}

function hasEnded({ notAfter }: CertificateFacts): boolean {
  return notAfter < Date.now();
}

function refuseUnknownNodes(names: readonly string[], { servers, agents }: Members): void {
  const known = [...servers, ...agents].map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Rke2ctlError({
    code: 'unknown-node',
    message: `\`--node ${unknown}\` names no node of this cluster that was reached.`,
    hint: `There are: ${known.join(', ')}.`,
    exitCode: 3,
  });
}

function explain(input: MaintenanceInput<CertRotateRequest>, plan: Plan): readonly string[] {
  const { servers } = members(input);
  const nodes = restartingNodes(plan);
  const { together, services } = input.operation.request;
  const what = services.length === 0 ? 'All certificates' : `The certificates of ${services.join(', ')}`;
  if (together) {
    return [
      `${what} on ${nodesText(nodes)} are renewed.`,
      'Those of etcd have ended, so that no server could come up alone: all are stopped and start together, and the API is away meanwhile.',
    ];
  }
  return [
    `${what} on ${nodesText(nodes)} are renewed, one server after the other; pods keep running.`,
    apiText(servers, nodes),
    'The kubeconfig here is written anew; copies of it elsewhere go on working until their own certificate ends.',
  ];
}
