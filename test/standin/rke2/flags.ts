import { CommandError } from './log.ts';

/** How a flag's text is read; a list flag may be repeated. */
export type FlagKind = 'string' | 'list' | 'split-list' | 'bool' | 'int' | 'duration';

/** Flag names to kinds. Aliases (`-t`) are further names that stand for the first. */
export interface FlagSet {
  readonly kinds: ReadonlyMap<string, FlagKind>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly environment: ReadonlyMap<string, string>;
}

/** The values given, by the flag's full name, in the order given, and the arguments that are no flags. */
export interface ParsedFlags {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly rest: readonly string[];
}

/** Builds a set from names by kind, each a space-separated list; `aliases` and `environment` map to full names. */
export function makeFlagSet(
  names: Partial<Record<FlagKind, string>>,
  aliases: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): FlagSet {
  const kinds = new Map<string, FlagKind>();
  for (const [kind, list] of Object.entries(names)) {
    for (const name of list.split(/\s+/).filter(Boolean)) kinds.set(name, kind as FlagKind);
  }
  return {
    kinds,
    aliases: new Map(Object.entries(aliases)),
    environment: new Map(Object.entries(environment)),
  };
}

/** The union of several sets. */
export function mergeFlagSets(...sets: readonly FlagSet[]): FlagSet {
  return {
    kinds: new Map(sets.flatMap((set) => [...set.kinds])),
    aliases: new Map(sets.flatMap((set) => [...set.aliases])),
    environment: new Map(sets.flatMap((set) => [...set.environment])),
  };
}

export function isKnownFlag(set: FlagSet, name: string): boolean {
  return set.kinds.has(name) || set.aliases.has(name);
}

/** Reads `--key=value`, `--key value`, `-k value` and `--bool`. An undefined flag is a CommandError. */
export function parseFlags(set: FlagSet, args: readonly string[]): ParsedFlags {
  const values = new Map<string, string[]>();
  const rest: string[] = [];
  for (const [variable, name] of set.environment) {
    const value = process.env[variable];
    if (value !== undefined && value !== '') values.set(name, [value]);
  }
  const given = new Set<string>();
  let index = 0;
  while (index < args.length) {
    const arg = args[index] ?? '';
    index += 1;
    if (!arg.startsWith('-') || arg === '-') {
      rest.push(arg);
      continue;
    }
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(arg);
    const name = set.aliases.get(match?.[1] ?? '') ?? match?.[1] ?? '';
    const kind = set.kinds.get(name);
    if (kind === undefined)
      throw new CommandError(`flag provided but not defined: ${arg.split('=')[0]?.replace(/^--/, '-')}`);
    let value = match?.[2];
    if (value === undefined && kind === 'bool') value = 'true';
    if (value === undefined) {
      value = args[index];
      index += 1;
      if (value === undefined) throw new CommandError(`flag needs an argument: -${name}`);
    }
    checkValue(name, kind, value);
    const isList = kind === 'list' || kind === 'split-list';
    const before = isList && given.has(name) ? (values.get(name) ?? []) : [];
    given.add(name);
    values.set(name, [...before, ...(kind === 'split-list' ? value.split(',') : [value])]);
  }
  return { values, rest };
}

function checkValue(name: string, kind: FlagKind, value: string): void {
  if (kind === 'bool' && !/^(1|0|t|f|true|false)$/i.test(value)) {
    throw new CommandError(`invalid boolean value "${value}" for -${name}: parse error`);
  }
  if (kind === 'int' && !/^-?\d+$/.test(value)) {
    throw new CommandError(`invalid value "${value}" for flag -${name}: parse error`);
  }
  if (kind === 'duration' && !/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(value)) {
    throw new CommandError(`invalid value "${value}" for flag -${name}: parse error`);
  }
}

/** The last value given, or the fallback when none was or it is empty. */
export function textOf(flags: ParsedFlags, name: string, fallback = ''): string {
  const value = flags.values.get(name)?.at(-1);
  return value === undefined || value === '' ? fallback : value;
}

export function listOf(
  flags: ParsedFlags,
  name: string,
  fallback: readonly string[] = [],
): readonly string[] {
  const values = flags.values.get(name)?.filter((value) => value !== '');
  return values === undefined || values.length === 0 ? fallback : values.map((value) => value.trim());
}

export function isSet(flags: ParsedFlags, name: string, fallback = false): boolean {
  const value = flags.values.get(name)?.at(-1);
  return value === undefined ? fallback : /^(1|t|true)$/i.test(value);
}

export function numberOf(flags: ParsedFlags, name: string, fallback: number): number {
  const value = flags.values.get(name)?.at(-1);
  return value === undefined ? fallback : Number(value);
}
