import { Command, InvalidArgumentError, Option } from 'commander';
import type {
  AdoptFlags,
  ApplyFlags,
  CommonFlags,
  ConvertFlags,
  KubeconfigFlags,
  OutputFlags,
  PlanFlags,
  RemoveFlags,
  RenderFlags,
  RunFlags,
  StatusFlags,
  UpFlags,
} from '../flags.ts';
import { packageVersion } from '../installation.ts';
import { addCertCommands } from './cert-commands.ts';
import { common, duration, local, outputOption, positive, run, traced } from './command-parts.ts';
import { addConfigCommands } from './config-commands.ts';
import { addEncryptCommands } from './encrypt-commands.ts';
import { addEtcdCommands } from './etcd-commands.ts';
import { addNodeCommands } from './node-commands.ts';
import { addStateCommands } from './state-commands.ts';
import { addTokenCommands } from './token-commands.ts';

const MOST_FAN_OUT = 100;

/** Every command, its flags and nothing else; what a command needs is imported when it is run. */
export function createProgram(): Command {
  const program = new Command('rke2ctl')
    .description('Puts RKE2 on machines over SSH and keeps it healthy, from one cluster.yml.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .enablePositionalOptions()
    .showHelpAfterError('(`--help` shows what this command takes)')
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 3);
    });

  traced(pacing(shaping(common(program.command('up')))))
    .description('bring the cluster to what cluster.yml says; run again, it changes nothing')
    .option('--yes', 'answer yes to every question')
    .option(
      '--cleanup-on-failure',
      'take a cluster that was not there before away again if it does not come up',
    )
    .action(run(async (options: UpFlags) => (await import('../commands/up.ts')).up(options)));

  traced(shaping(common(program.command('plan'))))
    .description('show what `up` would do; touches nothing; exit code 2 when there is something')
    .option('--out <file>', 'save the plan, for `apply`')
    .option('--no-diff', 'do not show what changes in files')
    .addOption(
      new Option('--refresh <yes>', 'false: ask no host, plan as if all were as the state says')
        .argParser(yesOrNo)
        .default(true),
    )
    .addOption(
      new Option('--graph <form>', 'draw the steps and what waits for what').choices(['mermaid', 'svg']),
    )
    .option('--out-graph <file>', 'with --graph: where the picture goes, beside the plan on the screen')
    .hook('preAction', (_program, action) => {
      const { graph, outGraph, out, refresh, rollbackNode, trace, timings } = action.opts<PlanFlags>();
      if (out !== undefined && !refresh)
        action.error('error: --out saves what the hosts were asked for, so not with --refresh=false');
      if (rollbackNode !== undefined && !refresh)
        action.error(
          'error: what can go back, only the hosts know: --rollback-node not with --refresh=false',
        );
      if ((trace !== undefined || timings === true) && !refresh)
        action.error(
          'error: with --refresh=false nobody is asked, so there is nothing for --trace and --timings',
        );
      if (outGraph !== undefined && graph === undefined)
        action.error('error: --out-graph goes with --graph mermaid or --graph svg');
    })
    .action(run(async (options: PlanFlags) => (await import('../commands/plan.ts')).plan(options)));

  traced(pacing(common(program.command('apply <file>'))))
    .description('carry out a plan that `plan --out` saved, unless anything has moved since')
    .action((file: string, options: Omit<ApplyFlags, 'configGiven'>, command: Command) => {
      const usual = command.getOptionValueSource('config') === 'default';
      const configGiven = !usual || process.env['RKE2CTL_CONFIG'] !== undefined;
      return run(async (flags: ApplyFlags) => (await import('../commands/apply.ts')).apply(file, flags))({
        ...options,
        configGiven,
      });
    });

  traced(local(common(program.command('check'))))
    .description('look at the hosts and report what would hinder RKE2 there')
    .option('--ignore-check <name...>', 'leave this check out')
    .action(run(async (options: CommonFlags) => (await import('../commands/check.ts')).check(options)));

  traced(common(program.command('status')))
    .description('say how the cluster is; exit code 4 when something is ill')
    .option('--watch', 'look again every five seconds, until Ctrl-C')
    .option('--local', 'this machine alone')
    .action(run(async (options: StatusFlags) => (await import('../commands/status.ts')).status(options)));

  addRun(program);
  addKubeconfig(program);
  addNodeCommands(program);
  addTokenCommands(program);
  addEncryptCommands(program);
  addCertCommands(program);
  addEtcdCommands(program);

  common(program.command('validate'))
    .description('check cluster.yml itself; no network')
    .action(run(async (options: CommonFlags) => (await import('../commands/validate.ts')).validate(options)));

  program
    .command('explain [key]')
    .description('say what a key of cluster.yml is for; without a key, which there are')
    .addOption(outputOption())
    .action((key: string | undefined, options: OutputFlags) =>
      run(async () => (await import('../commands/explain.ts')).explain(key, options))(options),
    );

  program
    .command('convert <file> [state]')
    .description('turn RKE1’s cluster.yml into one of rke2ctl, and tell what became of each key')
    .option('--out <file>', 'where the new file goes, if there is none yet; stdout without it')
    .option('--report <file>', 'what became of each key, as JSON')
    .option('--version <version>', 'the RKE2 version to write, as v1.35.7+rke2r1')
    .option('--check', 'write nothing; look over SSH for what RKE1 and Docker left on the hosts')
    .addOption(outputOption())
    .option('--verbose', 'with --check: show every command that runs on a host')
    .action((file: string, state: string | undefined, options: ConvertFlags) =>
      run(async () => (await import('../commands/convert.ts')).convert(file, state, options))(options),
    );

  addConfigCommands(program);
  addAdopt(program);

  common(program.command('render <node>'))
    .description('show the very files that `up` would write on a node, secrets masked; no network')
    .option('--refresh', 'ask the hosts what only they know, and the network what `up` would ask')
    .action((node: string, options: RenderFlags) =>
      run(async () => (await import('../commands/render.ts')).render(node, options))(options),
    );

  traced(common(program.command('remove')))
    .description('take the cluster away from its hosts, and what rke2ctl brought with it')
    .option('--force, --yes', 'do not ask')
    .option('--keep-snapshots <dir>', 'fetch the local etcd snapshots into this directory first')
    .option('--ignore-unreachable', 'forget hosts that cannot be reached')
    .option('--concurrency <n>', 'hosts that are worked on at once', positive, 30)
    .option('--local', 'this machine alone')
    .action(run(async (options: RemoveFlags) => (await import('../commands/remove.ts')).remove(options)));

  addStateCommands(program);
  return program;
}

function addAdopt(program: Command): void {
  common(program.command('adopt'))
    .description(
      'take over a cluster that somebody else made: cluster.yml, state and markers; restarts nothing',
    )
    .option('--hosts <hosts...>', 'its hosts, as user@host:port, with commas between them')
    .option('--user <name>', 'the user on hosts that are given without one')
    .option('--ssh-key <file>', 'the private key for all of them')
    .option('--bastion <host>', 'the jump host on the way to them, as user@host:port')
    .option('--name <name>', 'what the cluster is to be called (default: local)')
    .option('--partial', 'leave out Nodes whose hosts are not given, instead of refusing')
    .option('--print', 'only print what cluster.yml would say')
    .action(run(async (options: AdoptFlags) => (await import('../commands/adopt.ts')).adopt(options)));
}

function addRun(program: Command): void {
  local(common(program.command('run')))
    .description(
      'make the cluster, run a command with its kubeconfig, and take the cluster away whatever happens',
    )
    .argument(
      '<command...>',
      'behind `--`: a program and its words, with KUBECONFIG set; its exit code is ours',
    )
    .usage('[options] -- <command...>')
    .passThroughOptions()
    .option('--wait', 'before the command, also wait for RKE2’s charts and the cluster DNS')
    .option('--keep-on-failure', 'leave the cluster there when the command, or making it, has failed')
    .addOption(
      new Option(
        '--timeout <duration>',
        'for making the cluster and the command; then both are ended, with exit code 124 (default: no limit)',
      ).argParser(duration),
    )
    .addOption(
      new Option(
        '--ttl <duration>',
        'the hosts take the cluster away by themselves after that time, should this machine be gone by then',
      ).argParser(duration),
    )
    .option('--junit <file>', 'write what was done, and how long it took, as JUnit XML')
    .option('--concurrency <n>', 'hosts that are worked on at once', positive, 30)
    .option('--ignore-check <name...>', 'go on although this check fails')
    .option('--disable-port-check', 'do not try the ports between the nodes')
    .action((words: readonly string[], options: RunFlags) =>
      run(async () => (await import('../commands/run.ts')).run(words, options))(options),
    );
}

function addKubeconfig(program: Command): void {
  common(program.command('kubeconfig'))
    .description('fetch the admin’s kubeconfig from a living control plane')
    .addOption(new Option('--print', 'print it, write no file').conflicts('merge'))
    .option('--merge [file]', 'put it into this kubeconfig beside others (default: ~/.kube/config)')
    .addOption(
      new Option('--server <url>', 'the API’s address to write, as https://host:6443').argParser(apiServer),
    )
    .option('--name <name>', 'with --print or --merge: what cluster, user and context are called')
    .option('--force', 'with --merge: replace entries of that name, even if they are of another cluster')
    .option('--local', 'this machine alone')
    .action(
      run(async (options: KubeconfigFlags) =>
        (await import('../commands/kubeconfig.ts')).kubeconfig(options),
      ),
    );
}

/** How fast, and how patiently. */
function pacing(command: Command): Command {
  return command
    .option('--concurrency <n>', 'workers that are worked on at once', positive, 30)
    .option(
      '--fan-out <n>',
      'nodes that one node gives a release file to at once; 0: all come from here',
      few,
    )
    .addOption(
      new Option('--timeout <duration>', 'how long one service or Node may take to become ready')
        .argParser(duration)
        .default(600_000, '10m'),
    );
}

/** What decides about the steps: `plan` must see what `up` is given. */
function shaping(command: Command): Command {
  return local(command)
    .option('--target <node...>', 'only these nodes, as far as they can be done without the others')
    .addOption(new Option('--only <kind>', 'only nodes of this kind').choices(['workers']))
    .option('--update-only', 'the same as `--only workers`, in RKE1’s words')
    .option('--replace <node...>', 'a new machine takes the place of this node, which is gone for good')
    .addOption(
      new Option(
        '--rollback-node <node...>',
        'only this: a node whose upgrade fails goes back to the version before',
      ).conflicts(['target', 'only', 'updateOnly', 'replace', 'cleanupOnFailure']),
    )
    .option('--keep-drift', 'leave alone what was changed on the hosts and not in the file')
    .option('--update-addons', 'take addons from their URLs anew, also where they have changed')
    .option('--ignore-check <name...>', 'go on although this check fails')
    .option('--disable-port-check', 'do not try the ports between the nodes');
}

/** As `transfer.fan_out` of the file. */
function few(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > MOST_FAN_OUT)
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${MOST_FAN_OUT}.`);
  return value;
}

function yesOrNo(word: string): boolean {
  if (word !== 'true' && word !== 'false') throw new InvalidArgumentError('It must be true or false.');
  return word === 'true';
}

function apiServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('It must be a URL such as https://10.0.0.5:6443.');
  return text.replace(/\/$/, '');
}
