import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

const SYSTEM_CONFIG = '/etc/ssh/ssh_config';

/** OpenSSH's own limit on files that include each other. */
const DEEPEST_INCLUDE = 16;

/**
 * The text of the person's and the machine's ssh_config, in the order in which OpenSSH looks for values, with `Include`
 * lines replaced by what they name. Files that are not there, or not readable, are empty.
 */
export function readSshConfig(home: string, systemConfig = SYSTEM_CONFIG): string {
  const own = readWithIncludes(join(home, '.ssh', 'config'), { home, folder: join(home, '.ssh') }, 0);
  const system = readWithIncludes(systemConfig, { home, folder: dirname(systemConfig) }, 0);
  // Without the line between them the first lines of the second would belong to the last block of the first.
  return `${own}\nHost *\n${system}\n`;
}

interface Place {
  readonly home: string;
  /** What relative names of included files are relative to. */
  readonly folder: string;
}

function readWithIncludes(path: string, place: Place, depth: number): string {
  if (depth > DEEPEST_INCLUDE) return '';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return '';
  }
  let block = 'Host *';
  return text
    .split(/\r?\n/)
    .map((line) => {
      if (/^\s*(host|match)[\s=]/i.test(line)) block = line;
      const patterns = /^\s*include[\s=]+(.+)$/i.exec(line)?.[1];
      if (patterns === undefined) return line;
      const included = splitWords(patterns).flatMap((pattern) => findFiles(pattern, place));
      // A block of an included file ends with that file, so the one around it is opened anew.
      return [...included.map((file) => readWithIncludes(file, place, depth + 1)), block].join('\n');
    })
    .join('\n');
}

function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** The files that a pattern names, sorted; `*` and `?` only count in the last part of the path. */
function findFiles(pattern: string, place: Place): string[] {
  const named = pattern.startsWith('~/') ? join(place.home, pattern.slice(2)) : pattern;
  const path = isAbsolute(named) ? named : join(place.folder, named);
  const name = basename(path);
  if (!/[*?]/.test(name)) return [path];
  const source = name
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  try {
    return readdirSync(dirname(path))
      .filter((entry) => new RegExp(`^${source}$`).test(entry) && !entry.startsWith('.'))
      .sort()
      .map((entry) => join(dirname(path), entry));
  } catch {
    return [];
  }
}
