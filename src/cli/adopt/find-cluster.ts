import { draftCluster } from '../../config/adopt/draft-cluster.ts';
import { type AdoptableNode, draftLabels } from '../../config/adopt/draft-nodes.ts';
import { type DraftNote, draftNote } from '../../config/adopt/draft-note.ts';
import { type FittedDraft, fitDraft } from '../../config/adopt/fit-draft.ts';
import { adoptedFolder } from '../../config/adopt/local-files.ts';
import { AdoptError, ConnectError } from '../../domain/errors.ts';
import type { FoundHost } from '../../domain/found-host.ts';
import type { ApiNode, Observed } from '../../domain/observed.ts';
import type { FoundMember } from '../../plan/adopt-cluster.ts';
import { checkAdoptable, findNode, versionOf } from '../../plan/check-adoptable.ts';
import { type ClusterTokens, clusterTokens } from '../../plan/check-adopted-tokens.ts';
import { factsOf } from '../../render/desired-node.ts';
import { findRoles } from '../../rke2/find-roles.ts';
import { configEnvironment } from '../cluster-source.ts';
import type { AdoptFlags } from '../flags.ts';
import { packageFile } from '../installation.ts';
import type { Answers } from '../screen.ts';
import { withWorkspace } from '../wire.ts';
import type { AdoptSource } from './adopt-source.ts';
import { dataDirOf, readFoundHosts } from './read-found-hosts.ts';

/** The schema of this very installation, for the editor. */
const SCHEMA = packageFile('schemas/cluster.schema.json');

const COMMENT =
  'Made by `rke2ctl adopt` from what runs on the hosts. `rke2ctl explain` says which keys there are beside these.';

/** A cluster that runs, as cluster.yml and as its hosts say. */
export interface FoundCluster {
  readonly draft: FittedDraft;
  readonly members: readonly FoundMember[];
  readonly observed: Observed;
  readonly tokens: ClusterTokens;
  readonly version: string;
  readonly notes: readonly DraftNote[];
}

/**
 * Looks at the hosts, twice where their data lie in another place than usual. Changes nothing. Throws AdoptError with
 * every reason why they cannot be taken over, ConnectError when a host was not reached.
 */
export async function findCluster(
  flags: AdoptFlags,
  source: AdoptSource,
  answers: Answers,
): Promise<FoundCluster> {
  let scouting = source.cluster;
  for (;;) {
    const { observed, hosts } = await lookAt(flags, { ...source, cluster: scouting }, answers);
    const dataDir = dataDirOf(hosts[0]?.values ?? {});
    // Where all data lie in one other place, the first look was at the wrong one.
    if (dataDir === scouting.dataDir || hosts.some((host) => dataDirOf(host.values) !== dataDir))
      return drawUp(flags, source, hosts, observed);
    scouting = { ...scouting, dataDir };
  }
}

interface Look {
  readonly observed: Observed;
  readonly hosts: readonly FoundHost[];
}

async function lookAt(flags: AdoptFlags, source: AdoptSource, answers: Answers): Promise<Look> {
  let look: Look | null = null;
  const loaded = { cluster: source.cluster, findings: [] };
  await withWorkspace({ command: 'adopt', flags, locks: false, loaded, answers }, async (workspace) => {
    const { sessions, connectWindow, signals } = workspace;
    const observed = await sessions.observe(connectWindow, signals.stop);
    refuseUnreached(source, observed);
    look = { observed, hosts: await readFoundHosts(workspace, observed) };
    return 0;
  });
  if (look === null) throw new Error('nobody looked');
  return look;
}

function drawUp(
  flags: AdoptFlags,
  source: AdoptSource,
  hosts: readonly FoundHost[],
  observed: Observed,
): FoundCluster {
  const nodes = hosts.map(({ facts }) => facts.rke2.nodes).find((list) => list !== null) ?? null;
  const findings = checkAdoptable({ hosts, nodes, partial: flags.partial === true });
  if (findings.length > 0) throw new AdoptError(findings);
  const tokens = clusterTokens(hosts);
  if (tokens === null || nodes === null) throw new Error('a cluster without tokens passed its checks');
  const adoptable = hosts.flatMap((host): AdoptableNode[] => {
    const node = findNode(host, nodes);
    if (node === null) return [];
    return [{ ...host, node, roles: findRoles(host.service, host.values, node.taints) }];
  });
  const [file = ''] = flags.config;
  const version = versionOf(hosts[0]?.facts ?? failed());
  const drafted = draftCluster({
    nodes: adoptable,
    given: source.given,
    logins: source.logins,
    version,
    folder: adoptedFolder(file),
  });
  const draft = fitDraft(drafted, { file, schema: SCHEMA, comment: COMMENT, env: configEnvironment() });
  return {
    draft,
    members: adoptable.map((member) => ({
      ...member,
      spec: draft.cluster.nodes.find(({ key }) => key === member.spec.key) ?? member.spec,
    })),
    observed,
    tokens,
    version,
    notes: [
      ...draft.notes,
      ...adoptable.flatMap(notesOf),
      ...tokenNotes(tokens),
      ...outsiders(adoptable, nodes),
    ],
  };
}

function failed(): never {
  throw new Error('no host was looked at');
}

function notesOf({ node, commandLine, values, facts, service }: AdoptableNode): readonly DraftNote[] {
  const notes: DraftNote[] = [];
  if (commandLine.length > 0) {
    notes.push(
      draftNote(
        'adopt-command-line',
        `The unit of ${service} gives RKE2 settings on its command line; they win over config.yaml, and cluster.yml does not know them. An upgrade brings the release's own unit, without them.`,
        'Bring them into cluster.yml, and take them out of the unit.',
        node.name,
      ),
    );
  }
  if (!node.ready) {
    notes.push(
      draftNote(
        'adopt-not-ready',
        `The Node is not Ready: ${node.reason}`,
        'See what is wrong with it before `up` is to change anything.',
        node.name,
      ),
    );
  }
  const other = Object.entries(draftLabels(values)).filter(([key, value]) => node.labels[key] !== value);
  if (other.length > 0) {
    notes.push(
      draftNote(
        'adopt-labels-differ',
        `The Node has not the labels that its settings give it: ${other.map(([key]) => key).join(', ')}. cluster.yml has those of the settings, which RKE2 sets again at its next start.`,
        'Correct `labels` in cluster.yml if the Node is right.',
        node.name,
      ),
    );
  }
  const unit = service === 'rke2-server' ? facts.rke2.server : facts.rke2.agent;
  if (!unit.enabled) {
    notes.push(
      draftNote(
        'adopt-not-enabled',
        `${service} is not enabled: it does not come back when the host boots. \`up\` would enable it.`,
        'See `rke2ctl plan`.',
        node.name,
      ),
    );
  }
  return notes;
}

function tokenNotes({ serverPassword, agentPassword }: ClusterTokens): readonly DraftNote[] {
  if (serverPassword !== agentPassword) return [];
  return [
    draftNote(
      'adopt-one-token',
      'The cluster has one token for servers and agents: every worker holds what opens the cluster’s bootstrap data.',
      'It stays so until `rke2ctl token rotate`, which gives the agents one of their own.',
    ),
  ];
}

function outsiders(members: readonly AdoptableNode[], nodes: readonly ApiNode[]): readonly DraftNote[] {
  const known = new Set(members.map(({ node }) => node.name));
  const others = nodes.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (others.length === 0) return [];
  return [
    draftNote(
      'adopt-partial',
      `Left out, as \`--partial\` allows: ${others.join(', ')}. rke2ctl does not know how to reach them, and their configuration stays as it is.`,
      'Adopt them as well before you change servers, tokens or the version: every node must take part in that.',
    ),
  ];
}

/** A cluster of which a part is not seen cannot be described. */
function refuseUnreached(source: AdoptSource, observed: Observed): void {
  const failures = source.cluster.nodes.flatMap(({ key }) => {
    const host = observed.hosts[key];
    return host === undefined || host.reachable ? [] : [host.error];
  });
  const [first] = failures;
  if (first === undefined) return;
  const messages = failures.map(({ message }) => message);
  const facts = source.cluster.nodes.filter(({ key }) => factsOf(observed, key) !== null).length;
  throw new ConnectError({
    code: 'adopt-unreachable',
    message: `${messages.join(' ')} ${facts === 0 ? 'No host was reached' : 'Every host must be seen to take the cluster over'}; nothing was changed or written.`,
    hint: first.hint,
    exitCode: 4,
  });
}
