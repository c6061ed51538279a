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
  const serverCa = serverCaPath('rke2-server', dataDir);
  const agentCa = serverCaPath('rke2-agent', dataDir);
  const server = units.get('rke2-server.service');
  const agent = units.get('rke2-agent.service');
  const nodes = output.has('nodes') ? parseNodes(output.text('nodes')) : null;
  return {
    binaries: readBinaries(output, startedProgram(server) ?? startedProgram(agent)),
    rpm: output.has('rpm'),
    previous: output.word(previousVersionPath(dataDir)) || null,
    server: unitFacts(server),
    agent: unitFacts(agent),
    marker: readMarker(output, stats),
    files: readFiles(hashes, stats, [serverCa, agentCa]),
    images: within(stats, imagesDir(dataDir)),
    etcdData: output.lines('paths').includes(etcdNamePath(dataDir)),
    caHash: hashOfCa(output.text('ca'), hashes.get(serverCa) ?? hashes.get(agentCa) ?? null),
    snapshots: within(stats, snapshotsDir(dataDir)).map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    apiAnswers: (nodes ?? parseNodes(output.text('api'))) !== null,
    nodes,
    members: parseMembers(output.text('members')),
    ...parseTtl(output, units),
    stateCopy: output.has('state-copy') ? parseStateCopy(output.lines('state-copy')) : null,
  };
}

const BEGIN = '-----BEGIN ';

/** A chain is known by its root; a single certificate, and a chain that leads nowhere, by the bytes of its file. */
function hashOfCa(text: string, ofFile: string | null): string | null {
  // Nothing else can come of a single certificate, and to read it takes longer than all the rest.
  if (ofFile !== null && text.indexOf(BEGIN) === text.lastIndexOf(BEGIN)) return ofFile;
  const pem = `${text}\n`;
  try {
    const hash = caHash(pem);
    return ofFile === null || hash === sha256(pem) ? ofFile : hash;
  } catch {
    return ofFile;
  }
}

function readMarker(output: ProbeOutput, stats: ReadonlyMap<string, FileStat>): Rke2Facts['marker'] {
  const text = output.fileText(MARKER_PATH);
  if (text !== null) return parseMarker(text);
  // There, but empty or not text.
  return stats.has(MARKER_PATH) ? 'unreadable' : null;
}

function readStats(lines: readonly string[]): Map<string, FileStat> {
  const stats = new Map<string, FileStat>();
  for (const line of lines) {
    const found = /^([0-7]+) (\d+) (\d+) (.*)$/.exec(line);
    if (found === null) continue;
    const mode = (found[1] ?? '').padStart(4, '0');
    stats.set(found[4] ?? '', { mode, sizeBytes: Number(found[2]), mtime: Number(found[3]) });
  }
  return stats;
}

function readHashes(lines: readonly string[]): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const line of lines) {
    const found = /^([0-9a-f]{64}) [ *](.*)$/.exec(line);
    if (found !== null) hashes.set(found[2] ?? '', found[1] ?? '');
  }
  return hashes;
}

/** Of RKE2's own files only those of the CA are hashed, and they are none that we may write. */
function readFiles(
  hashes: ReadonlyMap<string, string>,
  stats: ReadonlyMap<string, FileStat>,
  caPaths: readonly string[],
): Rke2Facts['files'] {
  const files: Record<string, { readonly sha256: string; readonly mode: string }> = {};
  for (const [path, sha256] of hashes) {
    const stat = stats.get(path);
    if (stat === undefined || !path.startsWith('/') || caPaths.includes(path)) continue;
    files[path] = { sha256, mode: stat.mode };
  }
  return files;
}

function within(
  stats: ReadonlyMap<string, FileStat>,
  directory: string,
): { name: string; sizeBytes: number; mtime: number }[] {
  const found: { name: string; sizeBytes: number; mtime: number }[] = [];
  for (const [path, { sizeBytes, mtime }] of stats) {
    if (path.startsWith(directory) && path.lastIndexOf('/') === directory.length)
      found.push({ name: path.slice(directory.length + 1), sizeBytes, mtime });
  }
  return found;
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
