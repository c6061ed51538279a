import { MARKER_PATH, type Marker } from '../../src/domain/marker.ts';
import { STATE_ANNOTATIONS, type StateCopy } from '../../src/domain/state-copy.ts';
import { sha256 } from '../../src/lib/hash.ts';
import type { RenderedFile } from '../../src/render/rendered-file.ts';
import { probeText } from '../support/probe-text.ts';
import { type HostKind, RECORDED_ADDRESS, type Section } from './recording.ts';

/** What distinguishes one simulated machine from the others. */
export interface Machine {
  readonly kind: HostKind;
  readonly hostname: string;
  readonly machineId: string;
  readonly address: string;
}

/** What an `up` has left on a machine. */
export interface Holdings {
  readonly marker: Marker;
  readonly files: readonly RenderedFile[];
}

/** The sections that only a server has whose API answers; they are said apart, as they are the same on all of them. */
const ASKED_OF_SERVERS = ['nodes', 'state-copy', 'members', 'end'];

/** The recording as this machine would have answered, up to what it tells of the cluster; firewalld is not there. */
export function fillRecording(
  recording: readonly Section[],
  machine: Machine,
  holdings: Holdings | null,
): readonly Section[] {
  return recording.flatMap((section): Section[] => {
    const { name } = section;
    if (ASKED_OF_SERVERS.includes(name)) return [];
    const lines = section.lines.map((line) => line.replaceAll(RECORDED_ADDRESS, machine.address));
    switch (name) {
      case 'units':
        return [{ name, lines: withoutFirewalld(lines) }];
      case 'text':
        return [{ name, lines: fillText(lines, machine, holdings) }];
      case 'sha256':
        return [{ name, lines: [...ownHashes(holdings), ...lines.filter(isOfRke2)] }];
      case 'stat':
        return [{ name, lines: [...ownStats(holdings), ...lines.filter(isOfRke2)] }];
      default:
        return [{ name, lines }];
    }
  });
}

/** The sections beside those and the Nodes, as they are said by every server of the cluster. */
export function tellCluster(
  recording: readonly Section[],
  members: string,
  copy: StateCopy,
): readonly Section[] {
  const values: Readonly<Record<string, string>> = {
    [STATE_ANNOTATIONS.checksum]: copy.checksum,
    [STATE_ANNOTATIONS.clusterId]: copy.clusterId,
    [STATE_ANNOTATIONS.serial]: String(copy.serial),
  };
  const recorded = recording.find(({ name }) => name === 'state-copy')?.lines ?? [];
  const filled = recorded.map((line) =>
    Object.entries(values).reduce(
      (text, [key, value]) => text.replace(new RegExp(`(${key}[": ]+)[\\w:]+`), `$1${value}`),
      line,
    ),
  );
  return [
    { name: 'state-copy', lines: filled },
    { name: 'members', lines: [members] },
  ];
}

/** What a machine has that is RKE2's own. */
function isOfRke2(line: string): boolean {
  return line.includes(' /var/lib/rancher/rke2/');
}

function withoutFirewalld(lines: readonly string[]): readonly string[] {
  const text = lines.join('\n').split('\n\n');
  return text
    .map((unit) =>
      unit.includes('Id=firewalld.service')
        ? unit.replace(/^ActiveState=.*$/m, 'ActiveState=inactive').replace(/^MainPID=.*$/m, 'MainPID=0')
        : unit,
    )
    .join('\n\n')
    .split('\n');
}

function fillText(
  lines: readonly string[],
  { hostname, machineId }: Machine,
  holdings: Holdings | null,
): readonly string[] {
  const bootId = sha256(`boot of ${machineId}`).replace(
    /^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/,
    '$1-$2-$3-$4-$5',
  );
  const own: Readonly<Record<string, string>> = {
    '/proc/sys/kernel/hostname': hostname,
    '/etc/machine-id': machineId,
    '/proc/sys/kernel/random/boot_id': bootId,
  };
  const files = readFiles(lines).flatMap(({ path, content }) => {
    if (path === MARKER_PATH || path.includes('/firewalld/')) return [];
    const line = own[path];
    return [path, ...(line === undefined ? content : [`:${line}`])];
  });
  if (holdings === null) return files;
  return [...files, ...probeText({ [MARKER_PATH]: markerText(holdings) }).split('\n')];
}

interface TextFile {
  readonly path: string;
  /** Its lines as they stand in the answer, with a colon before them. */
  readonly content: readonly string[];
}

function readFiles(lines: readonly string[]): readonly TextFile[] {
  const files: { path: string; content: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('/')) files.push({ path: line, content: [] });
    else files.at(-1)?.content.push(line);
  }
  return files;
}

/** As the step writes it. */
function markerText({ marker }: Holdings): string {
  return JSON.stringify(marker, null, 2);
}

function ownHashes(holdings: Holdings | null): readonly string[] {
  if (holdings === null) return [];
  const marker = sha256(`${markerText(holdings)}\n`);
  return [
    `${marker}  ${MARKER_PATH}`,
    ...holdings.files.map(({ path, content }) => `${sha256(content ?? '')}  ${path}`),
  ];
}

const WRITTEN_AT = 1_795_293_873;

function ownStats(holdings: Holdings | null): readonly string[] {
  if (holdings === null) return [];
  const stat = (mode: string, content: string, path: string) =>
    `${mode.replace(/^0/, '')} ${Buffer.byteLength(content)} ${WRITTEN_AT} ${path}`;
  return [
    stat('0600', `${markerText(holdings)}\n`, MARKER_PATH),
    ...holdings.files.map(({ path, mode, content }) => stat(mode, content ?? '', path)),
  ];
}
