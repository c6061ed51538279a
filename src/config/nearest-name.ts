/** What people write who come from elsewhere, and what it is called here. */
const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    master: ['controlplane'],
    'control-plane': ['controlplane'],
    control_plane: ['controlplane'],
    server: ['controlplane'],
    agent: ['worker'],
    node: ['worker', 'nodes'],
    hosts: ['nodes'],
    host: ['address'],
    ip: ['address'],
    roles: ['role'],
    hostname: ['hostname_override'],
    name: ['hostname_override', 'cluster_name'],
    version: ['kubernetes_version'],
    username: ['user'],
    key_path: ['ssh_key_path'],
    identity_file: ['ssh_key_path'],
    bastion: ['bastion_host'],
    registries: ['private_registries'],
    cni: ['plugin', 'network'],
    tls_san: ['authentication', 'sans'],
  }),
);

/** The candidate that was most likely meant by `word`, or null when none is near. */
export function findNearestName(word: string, candidates: readonly string[]): string | null {
  const wanted = word.toLowerCase();
  const plain = flatten(wanted);
  for (const candidate of candidates) if (flatten(candidate) === plain) return candidate;
  for (const synonym of SYNONYMS.get(wanted) ?? []) if (candidates.includes(synonym)) return synonym;
  if (word.length > 80) return null;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = measureDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? findOnlyHolder(wanted, candidates);
}

/** The one candidate that the word is a part of: `timeout` in `connect_timeout`. */
function findOnlyHolder(word: string, candidates: readonly string[]): string | null {
  const holders = word.length < 4 ? [] : candidates.filter((candidate) => candidate.includes(word));
  return holders.length === 1 ? (holders[0] ?? null) : null;
}

function flatten(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

/** How many letters must be put in, taken out, replaced or swapped with their neighbour to make `a` into `b`. */
export function measureDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
