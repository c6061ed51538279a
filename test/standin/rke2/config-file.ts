import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CommandError, reasonOf, warn } from './log.ts';

/** The configuration file RKE2 reads when neither RKE2_CONFIG_FILE nor --config names another. */
export const DEFAULT_CONFIG_FILE = '/etc/rancher/rke2/config.yaml';

type ConfigValues = Map<string, readonly string[]>;

/** The file that holds for these arguments: $RKE2_CONFIG_FILE, then --config / -c, then the default. */
export function findConfigFile(args: readonly string[]): { path: string; explicit: boolean } {
  const fromEnvironment = process.env['RKE2_CONFIG_FILE'];
  if (fromEnvironment !== undefined && fromEnvironment !== '')
    return { path: fromEnvironment, explicit: true };
  for (const [index, arg] of args.entries()) {
    const inline = /^(?:--config|-c)=(.*)$/.exec(arg);
    if (inline?.[1] !== undefined) return { path: inline[1], explicit: true };
    if (arg === '--config' || arg === '-c') return { path: args[index + 1] ?? '', explicit: true };
  }
  return { path: DEFAULT_CONFIG_FILE, explicit: false };
}

/**
 * The configuration file and its drop-ins as `--key=value` arguments. Drop-ins (`<file>.d/*.yaml`) come after the file
 * in alphabetical order; a later file replaces a key, `key+` appends to it. Keys that `isKnown` refuses are warned of
 * and dropped, as RKE2 does.
 */
export function readConfigArguments(
  args: readonly string[],
  isKnown: (key: string) => boolean,
): readonly string[] {
  const { path, explicit } = findConfigFile(args);
  const dropIns = listDropIns(path);
  if (!existsSync(path) && dropIns.length === 0) {
    if (explicit) throw new CommandError(`stat ${path}: no such file or directory`);
    return [];
  }
  const values: ConfigValues = new Map();
  if (existsSync(path)) mergeFile(values, path);
  for (const dropIn of dropIns) mergeFile(values, dropIn);
  const result: string[] = [];
  for (const [key, items] of values) {
    if (!isKnown(key)) {
      warn(`Unknown flag ${dashed(key)} found in config.yaml, skipping\n`);
      continue;
    }
    for (const item of items) result.push(`${dashed(key)}=${item}`);
  }
  return result;
}

function dashed(key: string): string {
  return key.length === 1 ? `-${key}` : `--${key}`;
}

function listDropIns(path: string): readonly string[] {
  const directory = `${path}.d`;
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.yaml') || name.endsWith('.yml'))
    .sort()
    .map((name) => join(directory, name));
}

function mergeFile(values: ConfigValues, path: string): void {
  for (const [key, value] of readMapping(path)) {
    const name = key.endsWith('+') ? key.slice(0, -1) : key;
    const items = toItems(value);
    values.set(name, key.endsWith('+') ? [...(values.get(name) ?? []), ...items] : items);
  }
}

/** RKE2 reads YAML 1.1: an unquoted 0644 is the number 420, `yes` is true. */
function readMapping(path: string): readonly (readonly [string, unknown])[] {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'), { version: '1.1', logLevel: 'error' });
  } catch (error) {
    throw new CommandError(`failed to read config file ${path}: yaml: ${reasonOf(error).split('\n')[0]}`);
  }
  if (content === null || content === undefined) return [];
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new CommandError(
      `failed to read config file ${path}: yaml: unmarshal errors: cannot unmarshal into yaml.MapSlice`,
    );
  }
  return Object.entries(content);
}

function toItems(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(toText);
  return [toText(value)];
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
