import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../src/cli/program/program.ts';
import { renderDefaultsTable } from '../src/config/render-defaults.ts';
import { EXAMPLE_NAMES } from './support/example-names.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');

/** Every command below `command` with its full name: `state rebuild`. */
function listCommands(command: Command, prefix = ''): readonly (readonly [string, Command])[] {
  return command.commands.flatMap((each) => {
    const name = `${prefix}${each.name()}`;
    return [[name, each] as const, ...listCommands(each, `${name} `)];
  });
}

const program = createProgram();
const commands = listCommands(program);
const actions = commands.filter(([, command]) => command.commands.length === 0);
const flags = [program, ...commands.map(([, command]) => command)].flatMap((command) =>
  command.options.flatMap(({ long, short }) => [long, short].filter((flag) => typeof flag === 'string')),
);
const examples = EXAMPLE_NAMES.map((name) => `examples/${name}/cluster.yml`);

/** Whether `flag` stands in the README as a word of its own, not as the beginning of a longer flag. */
function isNamed(flag: string): boolean {
  return new RegExp(`(?<![\\w-])${flag}(?![\\w-])`).test(readme);
}

describe('README.md', () => {
  it('has the table of defaults as the code has it', () => {
    const [, table] = /<!-- defaults:.*-->\n([\s\S]*?)<!-- \/defaults -->/.exec(readme) ?? [];
    expect(table).toBe(renderDefaultsTable());
  });

  it.each(actions.map(([name]) => name))('has a row for the command %s', (name) => {
    expect(readme).toContain(`\n| \`${name}\` |`);
  });

  it.each([...new Set(flags)])('names the flag %s', (flag) => {
    expect(isNamed(flag)).toBe(true);
  });

  it('names no flag of rke2ctl that does not exist', () => {
    const [, reference = ''] = /\n## Commands\n([\s\S]*?)\n## /.exec(readme) ?? [];
    const named = reference.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? [];
    const known = new Set([...flags, '--help', '--version']);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((flag) => !known.has(flag))).toEqual([]);
  });

  it('shows every example, and only files that are there', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links).toEqual(expect.arrayContaining(examples));
    expect(links.filter((link) => !existsSync(`${root}${link}`))).toEqual([]);
  });

  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const named = [...readme.matchAll(/npm run ([a-z:0-9]+)/g)].map(([, name = '']) => name);
    expect(named).toContain('demo');
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});
