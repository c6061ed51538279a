import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../src/cli/program/program.ts';

/** Help at a fixed width, as it is asked for by these words. */
function help(...words: string[]): string {
  let command = createProgram();
  for (const word of words) {
    const found = command.commands.find((candidate) => candidate.name() === word);
    if (found === undefined) throw new Error(`no command ${word}`);
    command = found;
  }
  return command.configureHelp({ helpWidth: 110 }).helpInformation();
}

describe('help', () => {
  it('of the whole', () =>
    expect(help()).toMatchInlineSnapshot(`
      "Usage: rke2ctl [options] [command]

      Puts RKE2 on machines over SSH and keeps it healthy, from one cluster.yml.

      Options:
        -v, --version                      print the version
        -h, --help                         print this help

      Commands:
        up [options]                       bring the cluster to what cluster.yml says; run again, it changes nothing
        plan [options]                     show what \`up\` would do; touches nothing; exit code 2 when there is
                                           something
        apply [options] <file>             carry out a plan that \`plan --out\` saved, unless anything has moved since
        check [options]                    look at the hosts and report what would hinder RKE2 there
        status [options]                   say how the cluster is; exit code 4 when something is ill
        run [options] <command...>         make the cluster, run a command with its kubeconfig, and take the cluster
                                           away whatever happens
        kubeconfig [options]               fetch the admin’s kubeconfig from a living control plane
        exec [options] [selector...]       run a command on nodes, as root, all at once; exit code 4 when some did
                                           not give 0
        ssh [options] <node> [command...]  log in to a node with OpenSSH’s client, by the keys and bastions of
                                           cluster.yml
        logs [options] [selector...]       show the journal of RKE2’s services, of several nodes in the order of
                                           time
        support-bundle [options]           gather what somebody needs who looks for a fault, without secrets, into
                                           one file
        token                              the tokens by which nodes join the cluster
        encrypt                            the encryption of Secrets in etcd
        cert                               certificates and authorities of RKE2
        etcd                               etcd and its snapshots
        validate [options]                 check cluster.yml itself; no network
        explain [options] [key]            say what a key of cluster.yml is for; without a key, which there are
        convert [options] <file> [state]   turn RKE1’s cluster.yml into one of rke2ctl, and tell what became of each
                                           key
        config [options]                   ask, and write a cluster.yml; or say what one says
        adopt [options]                    take over a cluster that somebody else made: cluster.yml, state and
                                           markers; restarts nothing
        render [options] <node>            show the very files that \`up\` would write on a node, secrets masked; no
                                           network
        remove [options]                   take the cluster away from its hosts, and what rke2ctl brought with it
        state                              the state file: what rke2ctl did and must not lose
        help [command]                     display help for command
      "
    `));
  it('of up', () =>
    expect(help('up')).toMatchInlineSnapshot(`
      "Usage: rke2ctl up [options]

      bring the cluster to what cluster.yml says; run again, it changes nothing

      Options:
        -c, --config <file>        the cluster file; given again, later ones win (default: cluster.yml)
        -o, --output <form>        form of the output (choices: "text", "json", default: "text")
        --verbose                  show every command that runs on a host
        --local                    this machine alone, without a cluster.yml
        --artifacts <dir>          with --local: directory or https:// URL of a release to install from
        --version <version>        with --local: RKE2 version, as v1.35.7+rke2r1
        --channel <name>           with --local: release channel
        --target <node...>         only these nodes, as far as they can be done without the others
        --only <kind>              only nodes of this kind (choices: "workers")
        --update-only              the same as \`--only workers\`, in RKE1’s words
        --replace <node...>        a new machine takes the place of this node, which is gone for good
        --rollback-node <node...>  only this: a node whose upgrade fails goes back to the version before
        --keep-drift               leave alone what was changed on the hosts and not in the file
        --update-addons            take addons from their URLs anew, also where they have changed
        --ignore-check <name...>   go on although this check fails
        --disable-port-check       do not try the ports between the nodes
        --concurrency <n>          workers that are worked on at once (default: 30)
        --fan-out <n>              nodes that one node gives a release file to at once; 0: all come from here
        --timeout <duration>       how long one service or Node may take to become ready (default: 10m)
        --trace <file>             write what took how long, for Perfetto, speedscope or Chrome
        --timings                  print at the end what took longest, and what it waited for
        --yes                      answer yes to every question
        --cleanup-on-failure       take a cluster that was not there before away again if it does not come up
        -h, --help                 print this help
      "
    `));
  it('of plan', () =>
    expect(help('plan')).toMatchInlineSnapshot(`
      "Usage: rke2ctl plan [options]

      show what \`up\` would do; touches nothing; exit code 2 when there is something

      Options:
        -c, --config <file>        the cluster file; given again, later ones win (default: cluster.yml)
        -o, --output <form>        form of the output (choices: "text", "json", default: "text")
        --verbose                  show every command that runs on a host
        --local                    this machine alone, without a cluster.yml
        --artifacts <dir>          with --local: directory or https:// URL of a release to install from
        --version <version>        with --local: RKE2 version, as v1.35.7+rke2r1
        --channel <name>           with --local: release channel
        --target <node...>         only these nodes, as far as they can be done without the others
        --only <kind>              only nodes of this kind (choices: "workers")
        --update-only              the same as \`--only workers\`, in RKE1’s words
        --replace <node...>        a new machine takes the place of this node, which is gone for good
        --rollback-node <node...>  only this: a node whose upgrade fails goes back to the version before
        --keep-drift               leave alone what was changed on the hosts and not in the file
        --update-addons            take addons from their URLs anew, also where they have changed
        --ignore-check <name...>   go on although this check fails
        --disable-port-check       do not try the ports between the nodes
        --trace <file>             write what took how long, for Perfetto, speedscope or Chrome
        --timings                  print at the end what took longest, and what it waited for
        --out <file>               save the plan, for \`apply\`
        --no-diff                  do not show what changes in files
        --refresh <yes>            false: ask no host, plan as if all were as the state says (default: true)
        --graph <form>             draw the steps and what waits for what (choices: "mermaid", "svg")
        --out-graph <file>         with --graph: where the picture goes, beside the plan on the screen
        -h, --help                 print this help
      "
    `));
  it('of check', () =>
    expect(help('check')).toMatchInlineSnapshot(`
      "Usage: rke2ctl check [options]

      look at the hosts and report what would hinder RKE2 there

      Options:
        -c, --config <file>       the cluster file; given again, later ones win (default: cluster.yml)
        -o, --output <form>       form of the output (choices: "text", "json", default: "text")
        --verbose                 show every command that runs on a host
        --local                   this machine alone, without a cluster.yml
        --artifacts <dir>         with --local: directory or https:// URL of a release to install from
        --version <version>       with --local: RKE2 version, as v1.35.7+rke2r1
        --channel <name>          with --local: release channel
        --trace <file>            write what took how long, for Perfetto, speedscope or Chrome
        --timings                 print at the end what took longest, and what it waited for
        --ignore-check <name...>  leave this check out
        -h, --help                print this help
      "
    `));
  it('of validate', () =>
    expect(help('validate')).toMatchInlineSnapshot(`
      "Usage: rke2ctl validate [options]

      check cluster.yml itself; no network

      Options:
        -c, --config <file>  the cluster file; given again, later ones win (default: cluster.yml)
        -o, --output <form>  form of the output (choices: "text", "json", default: "text")
        --verbose            show every command that runs on a host
        -h, --help           print this help
      "
    `));
  it('of remove', () =>
    expect(help('remove')).toMatchInlineSnapshot(`
      "Usage: rke2ctl remove [options]

      take the cluster away from its hosts, and what rke2ctl brought with it

      Options:
        -c, --config <file>     the cluster file; given again, later ones win (default: cluster.yml)
        -o, --output <form>     form of the output (choices: "text", "json", default: "text")
        --verbose               show every command that runs on a host
        --trace <file>          write what took how long, for Perfetto, speedscope or Chrome
        --timings               print at the end what took longest, and what it waited for
        --force, --yes          do not ask
        --keep-snapshots <dir>  fetch the local etcd snapshots into this directory first
        --ignore-unreachable    forget hosts that cannot be reached
        --concurrency <n>       hosts that are worked on at once (default: 30)
        --local                 this machine alone
        -h, --help              print this help
      "
    `));
  it('of state', () =>
    expect(help('state')).toMatchInlineSnapshot(`
      "Usage: rke2ctl state [options] [command]

      the state file: what rke2ctl did and must not lose

      Options:
        -h, --help         print this help

      Commands:
        show [options]     show the state; tokens are masked; no network
        history [options]  list the earlier states that are kept beside the state
        pull [options]     fetch the copy of the state that the cluster holds
        push [options]     put the state into the cluster as its copy
        rebuild [options]  make a lost cluster.rkestate again from what the hosts hold
        unlock [options]   say who holds the lock, and why there is nothing to unlock
        seal [options]     put the tokens in the state under a passphrase, or under another one
        unseal [options]   make the tokens in the state readable again
        help [command]     display help for command
      "
    `));
  it('of state rebuild', () =>
    expect(help('state', 'rebuild')).toMatchInlineSnapshot(`
      "Usage: rke2ctl state rebuild [options]

      make a lost cluster.rkestate again from what the hosts hold

      Options:
        -c, --config <file>  the cluster file; given again, later ones win (default: cluster.yml)
        -o, --output <form>  form of the output (choices: "text", "json", default: "text")
        --verbose            show every command that runs on a host
        --local              this machine alone
        --force              also when there is a state that can be read; it is put aside
        -h, --help           print this help
      "
    `));
});

const up = vi.hoisted(() => vi.fn());
const remove = vi.hoisted(() => vi.fn());
vi.mock('../../src/cli/commands/up.ts', () => ({ up }));
vi.mock('../../src/cli/commands/remove.ts', () => ({ remove }));

class Exit extends Error {}

/** Runs the program as the shell would; gives the exit code and what it said on stderr. */
async function run(...args: string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  let stderr = '';
  let code: number | null = null;
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  vi.spyOn(process, 'exit').mockImplementation((given) => {
    code ??= Number(given);
    throw new Exit();
  });
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await createProgram().parseAsync(['node', 'rke2ctl', ...args]);
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  } finally {
    code ??= Number(process.exitCode);
    process.exitCode = before;
  }
  return { code, stderr };
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  up.mockReset();
  remove.mockReset();
});

describe('flags of up', () => {
  it('are, without any', async () => {
    up.mockResolvedValue(0);
    expect((await run('up')).code).toBe(0);
    expect(up.mock.calls).toEqual([
      [{ config: ['cluster.yml'], output: 'text', concurrency: 30, timeout: 600_000 }],
    ]);
  });

  it.each([0, 7])('take %i for the nodes that one node serves', async (number) => {
    up.mockResolvedValue(0);
    await run('up', '--fan-out', String(number));
    expect(up.mock.calls[0]?.[0]).toMatchObject({ fanOut: number });
  });

  it.each([
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['250ms', 250],
    ['45', 45_000],
  ])('--timeout %s', async (text, timeout) => {
    up.mockResolvedValue(0);
    await run('up', '--timeout', text);
    expect(up).toHaveBeenCalledWith(expect.objectContaining({ timeout }));
  });

  it('--ignore-check takes several names, at once or one by one', async () => {
    up.mockResolvedValue(0);
    await run('up', '--ignore-check', 'swap', 'ports');
    await run('up', '--ignore-check', 'swap', '--ignore-check', 'ports');
    for (const [flags] of up.mock.calls) expect(flags.ignoreCheck).toEqual(['swap', 'ports']);
  });

  it('--version is RKE2’s here, and goes with --local', async () => {
    up.mockResolvedValue(0);
    await run('up', '--local', '--version', 'v1.35.7+rke2r1');
    expect(up).toHaveBeenCalledWith(expect.objectContaining({ local: true, version: 'v1.35.7+rke2r1' }));
  });

  it.each(['artifacts', 'version', 'channel'])('--%s without --local is not passed over', async (name) => {
    const { code, stderr } = await run('up', `--${name}`, 'x');
    expect(code).toBe(3);
    expect(stderr).toContain(`--${name} goes with --local only`);
    expect(up).not.toHaveBeenCalled();
  });

  it('the file may stand in RKE2CTL_CONFIG', async () => {
    vi.stubEnv('RKE2CTL_CONFIG', '/etc/prod.yml');
    up.mockResolvedValue(0);
    await run('up');
    await run('up', '-c', 'other.yml');
    await run('up', '-c', 'one.yml', '--config', 'two.yml');
    expect(up.mock.calls.map(([flags]) => flags.config)).toEqual([
      ['/etc/prod.yml'],
      ['other.yml'],
      ['one.yml', 'two.yml'],
    ]);
  });
});

describe('flags of remove', () => {
  it.each(['--yes', '--force'])('%s does not ask', async (flag) => {
    remove.mockResolvedValue(0);
    await run('remove', flag);
    expect(remove).toHaveBeenCalledWith(expect.objectContaining({ yes: true }));
  });
});

describe('exit codes', () => {
  it.each([0, 1, 2, 4, 5, 130])('%i is what the command said', async (code) => {
    up.mockResolvedValue(code);
    expect((await run('up')).code).toBe(code);
  });

  it.each([
    [['--help'], 0],
    [['--version'], 0],
    [['up', '--help'], 0],
    [['upp'], 3],
    [['up', '--nonsense'], 3],
    [['up', '--concurrency', '0'], 3],
    [['up', '--fan-out', '-1'], 3],
    [['up', '--fan-out', '101'], 3],
    [['up', '--timeout', 'soon'], 3],
    [['up', '--timeout', '0s'], 3],
    [['up', '--output', 'xml'], 3],
  ])('%j ends with %i', async (args, code) => {
    expect((await run(...args)).code).toBe(code);
    expect(up).not.toHaveBeenCalled();
  });

  it('a defect of ours is 1, and is told with its stack', async () => {
    up.mockRejectedValue(new TypeError('x is not a function'));
    const { code, stderr } = await run('up');
    expect(code).toBe(1);
    expect(stderr).toContain('x is not a function');
    expect(stderr).toContain('defect of rke2ctl');
  });
});
