import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommonFlags, ExecFlags, LogsFlags, SupportBundleFlags } from '../flags.ts';
import { type Limit, parseLimit } from '../nodes/parse-limit.ts';
import { common, duration, positive, run } from './command-parts.ts';

const WHICH = 'name, address, role, label as key=value, or all; without any: all';

/** Commands that go to nodes to look at them, or to run what the person says. */
export function addNodeCommands(program: Command): void {
  addExec(program);
  addSsh(program);
  addLogs(program);
  addSupportBundle(program);
}

function addExec(program: Command): void {
  common(program.command('exec'))
    .description('run a command on nodes, as root, all at once; exit code 4 when some did not give 0')
    .argument('[selector...]', WHICH)
    .usage('[options] [selector...] -- <command...>')
    .option('--shell <line>', 'a line for /bin/sh instead of a command behind `--`')
    .addOption(limitOption())
    .option('--no-sudo', 'as the user of the login, not as root')
    .option('--concurrency <n>', 'nodes at once', positive, 30)
    .addOption(
      new Option('--timeout <duration>', 'how long it may take on one node (default: no limit)').argParser(
        duration,
      ),
    )
    .option('--local', 'this machine alone')
    .action((operands: readonly string[], options: ExecFlags) => {
      const { before, after } = splitAtDashes(program, operands);
      return run(async () => (await import('../commands/exec.ts')).exec(before, after, options))(options);
    });
}

function addSsh(program: Command): void {
  common(program.command('ssh'))
    .description('log in to a node with OpenSSH’s client, by the keys and bastions of cluster.yml')
    .argument('<node>', 'its name or address, or a role that only one node has')
    .argument('[command...]', 'behind `--`: what to run there instead of a shell')
    .usage('[options] <node> [-- <command...>]')
    .action((node: string, operands: readonly string[], options: CommonFlags) => {
      const { before, after } = splitAtDashes(program, operands);
      if (before.length > 0) return program.error(`error: put \`--\` before ${JSON.stringify(before[0])}`);
      return run(async () => (await import('../commands/ssh.ts')).ssh(node, after, options))(options);
    });
}

function addLogs(program: Command): void {
  common(program.command('logs'))
    .description('show the journal of RKE2’s services, of several nodes in the order of time')
    .argument('[selector...]', WHICH)
    .option('-f, --follow', 'go on as lines come, until Ctrl-C')
    .addOption(
      new Option('--since <when>', 'from then on, as 10m or "2026-11-21 09:00"').argParser(sinceWhen),
    )
    .option('-n, --lines <n>', 'the last lines of each node (default: 200; with --since all)', positive)
    .option('--unit <name...>', 'of these units instead')
    .addOption(limitOption())
    .option('--local', 'this machine alone')
    .action((selectors: readonly string[], options: LogsFlags) =>
      run(async () => (await import('../commands/logs.ts')).logs(selectors, options))(options),
    );
}

function addSupportBundle(program: Command): void {
  common(program.command('support-bundle'))
    .description('gather what somebody needs who looks for a fault, without secrets, into one file')
    .option('--out <file>', 'where it goes (default: rke2ctl-support-<cluster>-<time>.tar.gz)')
    .option('--lines <n>', 'of each journal, the last ones', positive, 5_000)
    .option('--local', 'this machine alone')
    .action(
      run(async (options: SupportBundleFlags) =>
        (await import('../commands/support-bundle.ts')).supportBundle(options),
      ),
    );
}

/** commander drops `--` itself, and with it where the person put it. */
function splitAtDashes(
  program: Command,
  operands: readonly string[],
): { readonly before: readonly string[]; readonly after: readonly string[] | null } {
  const { rawArgs } = program as Command & { readonly rawArgs: readonly string[] };
  const dashes = rawArgs.indexOf('--');
  if (dashes < 0) return { before: operands, after: null };
  const count = operands.length - (rawArgs.length - dashes - 1);
  return { before: operands.slice(0, count), after: operands.slice(count) };
}

function limitOption(): Option {
  return new Option('--limit <limit>', 'only the first of them: 3, or 10%').argParser((text): Limit => {
    const limit = parseLimit(text);
    if (limit === null)
      throw new InvalidArgumentError('It must be a number such as 3, or a share such as 10%.');
    return limit;
  });
}

/** A duration is counted back from the host's own now; everything else is for journalctl to understand. */
function sinceWhen(text: string): string {
  const [, amount, unit] = /^(\d+)(s|m|h|d)$/.exec(text) ?? [];
  const seconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
  if (amount !== undefined) return `-${Number(amount) * seconds[unit as keyof typeof seconds]}s`;
  if (/^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?$/.test(text)) return text.replace('T', ' ');
  if (/^(today|yesterday)$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be a duration such as 10m or 2d, or a time such as "2026-11-21 09:00".',
  );
}
