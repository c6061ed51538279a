import { type Command, InvalidArgumentError, Option } from 'commander';
import type { OutputFlags, UpFlags } from '../flags.ts';

/** Flags of every command that reads a cluster.yml. */
export function common(command: Command): Command {
  return command
    .addOption(fileOption('the cluster file; given again, later ones win'))
    .addOption(outputOption())
    .option('--verbose', 'show every command that runs on a host');
}

/** Of commands that go to hosts. */
export function traced(command: Command): Command {
  return command
    .option('--trace <file>', 'write what took how long, for Perfetto, speedscope or Chrome')
    .option('--timings', 'print at the end what took longest, and what it waited for');
}

/** What stands in for a cluster.yml on one machine; `plan` must see what `up` was given. */
export function local(command: Command): Command {
  return command
    .option('--local', 'this machine alone, without a cluster.yml')
    .option('--artifacts <dir>', 'with --local: directory or https:// URL of a release to install from')
    .option('--version <version>', 'with --local: RKE2 version, as v1.35.7+rke2r1')
    .option('--channel <name>', 'with --local: release channel')
    .hook('preAction', (_program, action) => {
      const given = action.opts<UpFlags>();
      const alone = (['artifacts', 'version', 'channel'] as const).find((name) => given[name] !== undefined);
      if (alone === undefined || given.local === true) return;
      action.error(`error: --${alone} goes with --local only; for a cluster it stands in cluster.yml`);
    });
}

/** Flags of every verb that does something to a living cluster. */
export function maintenance(command: Command): Command {
  return traced(common(command))
    .option('--yes', 'do not ask')
    .option('--plan', 'show the steps and do nothing; exit code 2 when there are any')
    .option('--ignore-check <name...>', 'go on although this check fails')
    .option('--concurrency <n>', 'hosts that are worked on at once', positive, 30)
    .addOption(
      new Option('--timeout <duration>', 'how long one service may take to become ready')
        .argParser(duration)
        .default(600_000, '10m'),
    )
    .option('--local', 'this machine alone');
}

/** `-c`, again and again. */
export function fileOption(description: string): Option {
  const usual = [process.env['RKE2CTL_CONFIG'] ?? 'cluster.yml'];
  return new Option('-c, --config <file>', description)
    .argParser((file: string, before: readonly string[]) => (before === usual ? [file] : [...before, file]))
    .default(usual, usual.join());
}

/** `-o`. */
export function outputOption(): Option {
  return new Option('-o, --output <form>', 'form of the output').choices(['text', 'json']).default('text');
}

/** Runs a command and leaves its exit code; whatever it throws is told in words before. */
export function run<T extends OutputFlags>(
  action: (options: T) => Promise<number>,
): (options: T) => Promise<void> {
  return async (options) => {
    try {
      process.exitCode = await action(options);
    } catch (error) {
      const { reportError } = await import('../report-error.ts');
      process.exitCode = reportError(error, options);
    }
  };
}

/** A whole number, 1 or more. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return value;
}

/** `90s`, `10m`, `1h`, or seconds as a bare number; gives milliseconds. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
  const amount = Number(match?.[1] ?? 0);
  if (match === null || amount === 0)
    throw new InvalidArgumentError('It must be a duration such as 90s or 10m.');
  return amount * units[(match[2] ?? 's') as keyof typeof units];
}
