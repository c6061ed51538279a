import type { UnitFacts } from '../../domain/observed.ts';

/** One unit as `systemctl show` describes it. */
export type UnitProperties = Readonly<Record<string, string>>;

/** By unit name; empty where systemd does not run. */
export function parseUnits(lines: readonly string[]): ReadonlyMap<string, UnitProperties> {
  const units = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const line of lines) {
    if (line === '') current = {};
    const equals = line.indexOf('=');
    if (equals < 1) continue;
    current[line.slice(0, equals)] = line.slice(equals + 1);
    if (line.startsWith('Id=')) units.set(line.slice(3), current);
  }
  return units;
}

export function isActive(unit: UnitProperties | undefined): boolean {
  return unit?.['ActiveState'] === 'active';
}

export function unitFacts(unit: UnitProperties | undefined): UnitFacts {
  const state = unit?.['LoadState'] ?? 'not-found';
  return {
    exists: state !== 'not-found',
    active: unit?.['ActiveState'] ?? 'inactive',
    enabled: unit?.['UnitFileState']?.startsWith('enabled') ?? false,
    path: unit?.['FragmentPath'] || null,
  };
}

/** The program that the unit starts, from systemd's `{ path=/usr/local/bin/rke2 ; argv[]=… }`. */
export function startedProgram(unit: UnitProperties | undefined): string | null {
  return /path=(\S+)/.exec(unit?.['ExecStart'] ?? '')?.[1] ?? null;
}
