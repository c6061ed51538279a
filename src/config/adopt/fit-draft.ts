import path from 'node:path';
import type { Cluster } from '../../domain/cluster.ts';
import { ConfigError } from '../../domain/errors.ts';
import { writeClusterFile } from '../cluster-template.ts';
import type { ConfigEnvironment } from '../environment.ts';
import { formatPath, type Path } from '../finding.ts';
import { parseCluster } from '../parse-cluster.ts';
import type { ClusterFileDraft } from './draft-cluster.ts';
import { type DraftNote, draftNote } from './draft-note.ts';
import type { LocalFile } from './local-files.ts';

/** A cluster.yml that is valid, and the cluster that it asks for. */
export interface FittedDraft {
  readonly text: string;
  readonly cluster: Cluster;
  readonly files: readonly LocalFile[];
  readonly notes: readonly DraftNote[];
}

interface FitOptions {
  /** As the person named it: where the text is to lie. */
  readonly file: string;
  /** Address of the JSON Schema, for editors. */
  readonly schema: string;
  readonly comment: string;
  readonly env: ConfigEnvironment;
}

/** More values than any cluster has that cluster.yml refuses; each takes a round. */
const MOST_ROUNDS = 40;

/**
 * Writes the draft as text that `validate` takes: what it refuses is taken out, and a note says so. Files that the draft
 * names need not be there yet. Throws ConfigError when what is refused is the core: nodes and the ways to them.
 */
export function fitDraft(draft: ClusterFileDraft, options: FitOptions): FittedDraft {
  let { keys } = draft;
  const notes = [...draft.notes];
  const env = withFiles(options.env, options.file, draft.files);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const text = writeClusterFile(options.schema, options.comment, keys);
    const { cluster, findings } = parseCluster(text, options.file, env);
    if (cluster !== null) {
      const files = draft.files.filter((file) => text.includes(file.path));
      return { text, cluster, files, notes };
    }
    const errors = findings.filter(({ severity }) => severity === 'error');
    const places = listPaths(keys);
    const refused = errors.flatMap((finding) => {
      const place = places.get(finding.path ?? '');
      return place === undefined || isCore(place) ? [] : [{ finding, place }];
    });
    const [first] = refused;
    if (first === undefined)
      throw new ConfigError(
        'What was found on the hosts makes no valid cluster.yml; nothing was written.',
        errors,
      );
    keys = without(keys, first.place) as typeof keys;
    notes.push(
      draftNote(
        'adopt-key-lost',
        `\`${formatPath(first.place)}\` was left out of cluster.yml: ${first.finding.message}`,
        first.finding.hint,
      ),
    );
  }
  throw new Error('a draft of cluster.yml does not become valid');
}

/** Files that are not there yet are read from the draft. */
function withFiles(env: ConfigEnvironment, file: string, files: readonly LocalFile[]): ConfigEnvironment {
  const folder = path.dirname(path.resolve(env.cwd, file));
  const contents = new Map(files.map(({ path: place, content }) => [path.resolve(folder, place), content]));
  return {
    ...env,
    readFile: (absolute) => {
      const content = contents.get(absolute);
      return content === undefined ? env.readFile(absolute) : Buffer.from(content);
    },
  };
}

/** Nodes, addresses, roles and the ways to the hosts: without those there is no cluster. */
function isCore([first, , third]: Path): boolean {
  if (first === 'nodes') return third !== 'rke2' && third !== 'labels' && third !== 'taints';
  return first === 'kubernetes_version' || first === 'cluster_name' || String(first).startsWith('ssh');
}

/** Every place of the draft by its written form. */
function listPaths(value: unknown, path: Path = [], found = new Map<string, Path>()): Map<string, Path> {
  if (path.length > 0) found.set(formatPath(path), path);
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) listPaths(each, [...path, index], found);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) listPaths(each, [...path, key], found);
  }
  return found;
}

/** The draft without the value there, and without what is empty then. */
function without(value: unknown, [first, ...rest]: Path): unknown {
  if (Array.isArray(value)) {
    if (rest.length === 0) return value.filter((_each, index) => index !== first);
    return value.map((each, index) => (index === first ? without(each, rest) : each));
  }
  const entries = Object.entries(value as object).flatMap(([key, each]): [string, unknown][] => {
    if (key !== first) return [[key, each]];
    if (rest.length === 0) return [];
    const left = without(each, rest);
    const isEmpty = typeof left === 'object' && left !== null && Object.keys(left).length === 0;
    return isEmpty ? [] : [[key, left]];
  });
  return Object.fromEntries(entries);
}
