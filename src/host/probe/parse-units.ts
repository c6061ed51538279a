import type { UnitFacts } from '../../domain/observed.ts';

/** One unit as `systemctl show` describes it: lines `Property=value`, each with a line end before it. */
export type UnitProperties = string;

/** What `systemctl show` says of several units, by unit name; empty where systemd does not run. */
export function parseUnits(text: string): ReadonlyMap<string, UnitProperties> {
  const units = new Map<string, UnitProperties>();
  for (const block of text.split('\n\n')) {
    const unit = `\n${block}`;
    const id = unitProperty(unit, 'Id');
    if (id !== undefined) units.set(id, unit);
  }
  return units;
}

/** Undefined where systemd does not say it, or where there is no such unit. */
export function unitProperty(unit: UnitProperties | undefined, name: string): string | undefined {
  if (unit === undefined) return undefined;
  const start = `\n${name}=`;
  const at = unit.indexOf(start);
  if (at < 0) return undefined;
  const end = unit.indexOf('\n', at + 1);
  return unit.slice(at + start.length, end < 0 ? undefined : end);
}

export function isActive(unit: UnitProperties | undefined): boolean {
  return unitProperty(unit, 'ActiveState') === 'active';
}

const NO_UNIT: UnitFacts = { exists: false, active: 'inactive', enabled: false, path: null };

export function unitFacts(unit: UnitProperties | undefined): UnitFacts {
  if (unit === undefined) return NO_UNIT;
  return {
    exists: (unitProperty(unit, 'LoadState') ?? 'not-found') !== 'not-found',
    active: unitProperty(unit, 'ActiveState') ?? 'inactive',
    enabled: unitProperty(unit, 'UnitFileState')?.startsWith('enabled') ?? false,
    path: unitProperty(unit, 'FragmentPath') || null,
  };
}

/** The program that the unit starts, from systemd's `{ path=/usr/local/bin/rke2 ; argv[]=… }`. */
export function startedProgram(unit: UnitProperties | undefined): string | null {
  return /path=(\S+)/.exec(unitProperty(unit, 'ExecStart') ?? '')?.[1] ?? null;
}
