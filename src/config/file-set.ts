import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Path } from './finding.ts';
import { isMap, mergeFiles } from './merge-files.ts';
import { valueAt } from './value-mistakes.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** One of the files that make up a cluster's description, with its name as the person gave it. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/** A place in one of the files; both numbers begin with 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Several files as one, of which it is known where each value stands. */
export interface FileSet {
  /** All of them merged; undefined when one is too broken to be read, or no map. */
  readonly value: unknown;
  /** What is wrong with the files as such. */
  readonly mistakes: readonly Diagnostic[];
  /** Where the key or the value at `path` stands; the nearest thing above it when none of the files has it. */
  locate(path: Path, at: 'key' | 'value'): Origin;
  /** Where the value at `path` comes from; null when none of the files has it. */
  originOf(path: Path): Origin | null;
}

interface Layer {
  readonly file: string;
  readonly source: YamlSource;
}

/** Reads and merges files; later ones win. At least one is needed. */
export function readFileSet(files: readonly SourceFile[]): FileSet {
  const layers = files.map(({ file, text }): Layer => ({ file, source: readYaml(text) }));
  const mistakes = layers.flatMap(listMistakes);
  const written = layers.filter(({ source }) => source.value !== null);
  if (written.length === 0) mistakes.push(...layers.slice(0, 1).map(refuseEmptiness));
  for (const layer of written)
    if (layer.source.value !== undefined && !isMap(layer.source.value)) mistakes.push(refuseKind(layer));
  const isReadable = written.length > 0 && written.every(({ source }) => isMap(source.value));
  return {
    value: isReadable ? mergeFiles(written.map(({ source }) => source.value)) : undefined,
    mistakes,
    locate: (path, at) => {
      const { file, source } = findOwner(layers, path);
      return { file, ...source.locate(path, at) };
    },
    originOf: (path) => {
      const { file, source } = findOwner(layers, path);
      return valueAt(source.value, path) === undefined ? null : { file, ...source.locate(path, 'value') };
    },
  };
}

/** The layer that the value at `path` comes from; of a map that several share, or that none has, the first one. */
function findOwner(layers: readonly Layer[], path: Path): Layer {
  let owners = layers.filter(({ source }) => isMap(source.value));
  for (const length of path.keys()) {
    const here = path.slice(0, length + 1);
    const having = owners.filter(({ source }) => valueAt(source.value, here) !== undefined);
    const last = having.at(-1);
    if (!last) break;
    const other = having.findLastIndex(({ source }) => !isMap(valueAt(source.value, here)));
    owners = other === having.length - 1 ? [last] : having.slice(other + 1);
  }
  const [owner] = owners.length > 0 ? owners : layers;
  if (!owner) throw new Error('There is no file');
  return owner;
}

function listMistakes({ file, source }: Layer): readonly Diagnostic[] {
  return source.mistakes.map(({ line, column, ...mistake }) => ({
    severity: 'error',
    ...mistake,
    position: { file, line, column },
  }));
}

const LEAST = 'The least that works: `nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]`.';

function refuseEmptiness({ file, source }: Layer): Diagnostic {
  const position = { file, ...source.locate([], 'value') };
  return { severity: 'error', code: 'not-a-cluster', message: 'The file is empty.', hint: LEAST, position };
}

function refuseKind({ file, source }: Layer): Diagnostic {
  const message = 'The file is not a map of settings such as `nodes` and `cluster_name`.';
  const position = { file, ...source.locate([], 'value') };
  return { severity: 'error', code: 'not-a-cluster', message, hint: LEAST, position };
}
