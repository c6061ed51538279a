import { stringify } from 'yaml';
import { DEFAULTS } from '../config/defaults.ts';
import type { ConfigEnvironment } from '../config/environment.ts';
import { parseCluster } from '../config/parse-cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Dialog } from '../ui/prompt.ts';

/** Keys of cluster.yml with their values. */
export type Keys = Readonly<Record<string, unknown>>;

interface Question {
  readonly words: string;
  /** What an empty answer stands for; `''` leaves the key out. */
  readonly usual: string;
  /** The path whose mistakes are the answer's: `nodes[1]`. */
  readonly at: string;
  /** The keys with this answer in them. */
  readonly put: (answer: string) => Keys;
}

type Ask = (question: Question) => Promise<Keys>;

/** Stands in while no node is known yet. */
const ANY_NODE: Keys = { address: '192.0.2.1', role: ['controlplane', 'etcd', 'worker'] };

/**
 * Asks for what nobody can guess of a cluster, most important first, and gives the keys of a valid cluster.yml. Every
 * answer is checked at once by the rules of the file, and asked for again with the reason when it is wrong.
 */
export async function askCluster(dialog: Dialog, file: string, env: ConfigEnvironment): Promise<Keys> {
  const check = (keys: Keys): readonly Diagnostic[] => {
    const text = stringify({ nodes: [ANY_NODE], ...keys });
    return parseCluster(text, file, env).findings.filter(({ severity }) => severity === 'error');
  };
  const tell = ({ message, hint }: Diagnostic) => dialog.tell(`${message}\n${hint}`);
  const ask: Ask = async ({ words, usual, at, put }) => {
    for (;;) {
      const keys = put(await dialog.ask(words, usual));
      const mistakes = check(keys).filter(({ path }) => path?.startsWith(at));
      if (mistakes.length === 0) return keys;
      mistakes.forEach(tell);
    }
  };
  const { name, usual } = { name: 'cluster_name', usual: DEFAULTS.clusterName };
  let keys = await ask({ words: 'Name of the cluster', usual, at: name, put: (text) => ({ [name]: text }) });
  for (;;) {
    const complete = await askNodes(ask, keys, env.user);
    const mistakes = check(complete);
    if (mistakes.length === 0) {
      keys = complete;
      break;
    }
    mistakes.forEach(tell);
    dialog.tell('The nodes once more:');
  }
  for (const question of listQuestions(keys)) {
    const before = keys;
    const put = (answer: string) => (answer === '' ? before : mergeKeys(before, question.put(answer)));
    keys = await ask({ ...question, put });
  }
  return keys;
}

async function askNodes(ask: Ask, before: Keys, caller: string): Promise<Keys> {
  let nodes: readonly Keys[] = [];
  let user = caller;
  for (;;) {
    const known = nodes;
    const at = `nodes[${known.length}]`;
    const isFirst = known.length === 0;
    const add = (node: Keys): Keys => ({ ...before, nodes: [...known, node] });
    const answered = await ask({
      words: isFirst ? 'First server: address, or user@address:port' : 'Next node (nothing: that was all)',
      usual: '',
      at,
      put: (place) => (place === '' && !isFirst ? before : add({ ...readPlace(place), role: ['worker'] })),
    });
    const place = nodesOf(answered)[known.length];
    if (place === undefined) return { ...before, nodes };
    const named =
      place['user'] !== undefined
        ? answered
        : await ask({ words: 'SSH user', usual: user, at, put: (name) => add({ ...place, user: name }) });
    const { role: _role, ...node } = nodesOf(named)[known.length] ?? place;
    user = String(node['user']);
    const complete = await ask({
      words: 'Its roles, of controlplane, etcd and worker',
      usual: isFirst ? 'controlplane, etcd, worker' : 'worker',
      at,
      put: (roles) => add({ ...node, role: splitWords(roles) }),
    });
    nodes = nodesOf(complete);
  }
}

/** `user@address:port`, of which only the address must be there; IPv6 with a port stands in brackets. */
function readPlace(text: string): Keys {
  const [, user, rest = ''] = /^(?:([^@]*)@)?(.*)$/.exec(text) ?? [];
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(rest) ?? [];
  return {
    address: bracketed ?? plain ?? rest,
    ...(port !== undefined && { port: Number(port) }),
    ...(user !== undefined && { user }),
  };
}

/** What is asked once the nodes are known; what is usual is not written down. */
function listQuestions(keys: Keys): readonly Question[] {
  const servers = nodesOf(keys).filter(({ role }) => (role as readonly string[]).includes('controlplane'));
  const unless = (usual: string, put: (answer: string) => Keys) => (answer: string) =>
    answer === usual ? {} : put(answer);
  return [
    ...(servers.length > 1
      ? [
          {
            words: 'Name or address in front of the servers (nothing: none)',
            usual: '',
            at: 'endpoint',
            put: (endpoint: string) => ({ endpoint }),
          },
        ]
      : []),
    {
      words: `Version of RKE2, as v1.35.7+rke2r1 (nothing: what channel ${DEFAULTS.channel} says)`,
      usual: '',
      at: 'kubernetes_version',
      put: (version) => ({ kubernetes_version: version }),
    },
    {
      words: 'CNI: canal, calico, cilium, flannel or none',
      usual: DEFAULTS.cni,
      at: 'network',
      put: unless(DEFAULTS.cni, (plugin) => ({ network: { plugin } })),
    },
    {
      words: 'Addresses of the pods',
      usual: DEFAULTS.clusterCidr,
      at: 'services',
      put: unless(DEFAULTS.clusterCidr, (cidr) => ({
        services: { 'kube-controller': { cluster_cidr: cidr } },
      })),
    },
    {
      words: 'Addresses of the services',
      usual: DEFAULTS.serviceCidr,
      at: 'services',
      put: unless(DEFAULTS.serviceCidr, (cidr) => ({
        services: { 'kube-api': { service_cluster_ip_range: cidr } },
      })),
    },
    {
      words: 'Private key for SSH (nothing: the usual ones and the agent)',
      usual: '',
      at: 'ssh_key_path',
      put: (path) => ({ ssh_key_path: path }),
    },
    {
      words: 'Directory with a release’s files (nothing: the nodes download RKE2)',
      usual: '',
      at: 'install',
      put: (artifacts) => ({ install: { artifacts } }),
    },
    {
      words: 'Manifests to add, as paths or URLs (nothing: none)',
      usual: '',
      at: 'addons_include',
      put: (places) => ({ addons_include: splitWords(places) }),
    },
  ];
}

function splitWords(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function nodesOf(keys: Keys): readonly Keys[] {
  return (keys['nodes'] ?? []) as readonly Keys[];
}

/** Maps within maps grow; of anything else the later one stays. */
function mergeKeys(before: Keys, after: Keys): Keys {
  const merged = Object.entries(after).map(([key, value]) => {
    const held = before[key];
    return [key, isKeys(held) && isKeys(value) ? mergeKeys(held, value) : value];
  });
  return { ...before, ...Object.fromEntries(merged) };
}

function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
