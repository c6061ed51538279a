import { MARKER_PATH } from '../../domain/marker.ts';
import type { Rke2Facts } from '../../domain/observed.ts';
import { sha256 } from '../../lib/hash.ts';
import { caHash } from '../../pki/ca-hash.ts';
import {
  etcdNamePath,
  imagesDir,
  previousVersionPath,
  serverCaPath,
  snapshotsDir,
} from '../../rke2/paths.ts';
import { parseMembers } from '../parse-members.ts';
import { parseMarker } from './parse-marker.ts';
import { parseNodes } from './parse-nodes.ts';
import { parseStateCopy } from './parse-state-copy.ts';
import { parseTtl } from './parse-ttl.ts';
import { startedProgram, type UnitProperties, unitFacts } from './parse-units.ts';
import type { ProbeOutput } from './probe-output.ts';

interface FileStat {
  readonly mode: string;
  readonly sizeBytes: number;
  readonly mtime: number;
}

export function parseRke2(
  output: ProbeOutput,
  units: ReadonlyMap<string, UnitProperties>,
  dataDir: string,
): Rke2Facts {
  const stats = readStats(output.lines('stat'));
  const hashes = readHashes(output.lines('sha256'));
  const caPaths = [serverCaPath('rke2-server', dataDir), serverCaPath('rke2-agent', dataDir)];
  const files = [...hashes].flatMap(([path, sha256]) => {
    const stat = stats.get(path);
    return caPaths.includes(path) || stat === undefined ? [] : [[path, { sha256, mode: stat.mode }] as const];
  });
  const server = units.get('rke2-server.service');
  const agent = units.get('rke2-agent.service');
  return {
    binaries: readBinaries(output, startedProgram(server) ?? startedProgram(agent)),
    rpm: output.has('rpm'),
    previous: output.word(previousVersionPath(dataDir)) || null,
    server: unitFacts(server),
    agent: unitFacts(agent),
    marker: readMarker(output, stats),
    files: Object.fromEntries(files),
    images: within(stats, imagesDir(dataDir)),
    etcdData: output.lines('paths').includes(etcdNamePath(dataDir)),
    caHash: hashOfCa(
      output.lines('ca'),
      caPaths.map((path) => hashes.get(path)).find((hash) => hash !== undefined) ?? null,
    ),
    snapshots: within(stats, snapshotsDir(dataDir)).map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    nodes: output.has('nodes') ? parseNodes(output.lines('nodes').join('\n')) : null,
    members: parseMembers(output.lines('members').join('\n')),
    ...parseTtl(output, units),
    stateCopy: parseStateCopy(output.lines('state-copy')),
  };
}

/** A chain is known by its root; a single certificate, and a chain that leads nowhere, by the bytes of its file. */
function hashOfCa(lines: readonly string[], ofFile: string | null): string | null {
  // Nothing else can come of a single certificate, and to read it takes longer than all the rest.
  if (ofFile !== null && lines.filter((line) => line.startsWith('-----BEGIN ')).length < 2) return ofFile;
  const pem = `${lines.join('\n')}\n`;
  try {
    const hash = caHash(pem);
    return ofFile === null || hash === sha256(pem) ? ofFile : hash;
  } catch {
    return ofFile;
  }
}

function readMarker(output: ProbeOutput, stats: ReadonlyMap<string, FileStat>): Rke2Facts['marker'] {
  const lines = output.file(MARKER_PATH);
  if (lines !== null) return parseMarker(lines.join('\n'));
  // There, but empty or not text.
  return stats.has(MARKER_PATH) ? 'unreadable' : null;
}

function readStats(lines: readonly string[]): Map<string, FileStat> {
  return new Map(
    lines.flatMap((line) => {
      const found = /^([0-7]+) (\d+) (\d+) (.*)$/.exec(line);
      if (found === null) return [];
      const [, mode = '', size, mtime, path = ''] = found;
      const stat = { mode: mode.padStart(4, '0'), sizeBytes: Number(size), mtime: Number(mtime) };
      return [[path, stat] as const];
    }),
  );
}

function readHashes(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.flatMap((line) => {
      const found = /^([0-9a-f]{64}) [ *](.*)$/.exec(line);
      return found === null ? [] : [[found[2] ?? '', found[1] ?? ''] as const];
    }),
  );
}

function within(
  stats: ReadonlyMap<string, FileStat>,
  directory: string,
): { name: string; sizeBytes: number; mtime: number }[] {
  return [...stats]
    .filter(([path]) => path.slice(0, path.lastIndexOf('/')) === directory)
    .map(([path, { sizeBytes, mtime }]) => ({ name: path.slice(directory.length + 1), sizeBytes, mtime }));
}

/** The binary that the unit starts comes first, whatever else lies about. */
function readBinaries(output: ProbeOutput, own: string | null): { path: string; version: string }[] {
  return output
    .all('binary')
    .map(({ rest, lines }) => ({ path: rest, version: versionOf(lines.join('\n')) }))
    .sort((a, b) => Number(b.path === own) - Number(a.path === own));
}

/** From `rke2 --version`, or from the directory of the running one, whose name has `-` where the tag has `+`. */
function versionOf(text: string): string {
  const told = /^rke2 version (\S+)/m.exec(text)?.[1];
  if (told !== undefined) return told;
  const tag =
    /\/data\/(v[^/]+)-[0-9a-f]{12}\//.exec(`${text}/`)?.[1] ?? /data\/(v[^/]+)-[0-9a-f]{12}/.exec(text)?.[1];
  return tag?.replace(/-(rke2r\d+)/, '+$1') ?? 'unknown';
}
