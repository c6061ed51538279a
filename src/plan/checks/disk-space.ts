import { type Complaint, hostCheck } from './check.ts';
import { fileSystemOf } from './file-system-of.ts';
import { sizeText } from './size-text.ts';

interface Need {
  readonly paths: string[];
  readonly availableBytes: number;
  readonly readOnly: boolean;
  bytes: number;
}

/** What this run puts on a host must fit on its file systems; what shares one is added up. */
export const diskSpace = hostCheck('disk-space', 'error', (host, { requiredDiskBytes }) => {
  const needs = new Map<string, Need>();
  for (const [path, bytes] of Object.entries(requiredDiskBytes[host.node.key] ?? {})) {
    const filesystem = fileSystemOf(host.facts, path);
    if (filesystem === null || bytes <= 0) continue;
    const need = needs.get(filesystem.mountPoint) ?? {
      paths: [],
      availableBytes: filesystem.availableBytes,
      readOnly: filesystem.readOnly,
      bytes: 0,
    };
    need.paths.push(path);
    need.bytes += bytes;
    needs.set(filesystem.mountPoint, need);
  }
  return [...needs].flatMap(([mountPoint, need]) => complain(mountPoint, need));
});

function complain(mountPoint: string, need: Need): readonly Complaint[] {
  const what = need.paths.join(', ');
  if (need.readOnly) {
    return [
      {
        message: `${mountPoint} is mounted read-only, and RKE2 must write there (${what}).`,
        hint: 'Mount it writable. A disk that the kernel made read-only after errors shows in `dmesg`.',
      },
    ];
  }
  if (need.availableBytes >= need.bytes) return [];
  return [
    {
      message: `${mountPoint} has ${sizeText(need.availableBytes)} free, and ${sizeText(need.bytes)} will be needed there (${what}).`,
      hint: 'Make room, or put /var/lib/rancher on a larger disk before RKE2 is installed.',
    },
  ];
}
