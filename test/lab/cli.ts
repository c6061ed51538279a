import { Command, InvalidArgumentError, Option } from 'commander';
import { destroyLab } from './destroy-lab.ts';
import { type FaultKind, faultKinds } from './fault-records.ts';
import { createLab, destroyLabs, type Lab, openLab } from './lab.ts';
import { labKey, listLabs, loadLab, type SudoMode } from './lab-state.ts';
import { say } from './say.ts';

interface CreateFlags {
  readonly hosts: number;
  readonly sudo: SudoMode;
  readonly bastion?: true;
  readonly lb?: true;
  readonly release?: string;
  readonly version?: string;
  readonly name: string;
  readonly json?: true;
}

interface NameFlag {
  readonly name: string;
}

const nameOption = (): Option => new Option('--name <name>', 'which lab of this checkout').default('default');

function makeProgram(): Command {
  const program = new Command('lab')
    .description('Real Linux hosts on this machine, in a network of their own (needs root)')
    .enablePositionalOptions();
  program
    .command('create')
    .description('make a lab and return when every host answers SSH; it lives on until it is destroyed')
    .requiredOption('--hosts <n>', 'how many cluster hosts', parseHosts)
    .addOption(
      new Option('--sudo <mode>', 'how the user becomes root')
        .choices(['root', 'nopasswd', 'password'])
        .default('nopasswd'),
    )
    .option('--bastion', 'one more host, the only one from which the others take SSH')
    .option('--lb', 'one more host with a load balancer for 6443 and 9345')
    .option('--release <dir>', "a release's directory, in place of the stand-in's")
    .option('--version <version>', "the stand-in's version")
    .addOption(nameOption())
    .option('--json', 'describe the lab on stdout as JSON')
    .action(create);
  program
    .command('destroy')
    .description("take away this checkout's labs, also after a crash (running tests keep theirs)")
    .option('--name <name>', 'only this one')
    .option('--all', 'those of running tests too')
    .action(destroy);
  program
    .command('exec')
    .description('run a command as root in a host, with its exit code')
    .addOption(nameOption())
    .argument('<host>')
    .argument('<command...>')
    .passThroughOptions()
    .action(exec);
  program
    .command('run')
    .description("run a command on the controller's side, in the lab's network, with its exit code")
    .addOption(nameOption())
    .argument('<command...>')
    .passThroughOptions()
    .action(run);
  program
    .command('fault')
    .description(`make something go wrong: ${faultKinds.join(', ')}`)
    .addOption(nameOption())
    .argument('<host>')
    .argument('<kind>', 'which fault', parseKind)
    .argument('[arg]')
    .action(async (host: string, kind: FaultKind, argument: string | undefined, flags: NameFlag) =>
      (await openLab(flags.name)).fault(host, kind, argument),
    );
  program
    .command('heal')
    .description('undo the faults of a host, all or of one kind')
    .addOption(nameOption())
    .argument('<host>')
    .argument('[kind]', 'which fault', parseKind)
    .action(async (host: string, kind: FaultKind | undefined, flags: NameFlag) =>
      (await openLab(flags.name)).heal(host, kind),
    );
  program.command('list').description("this checkout's labs").action(list);
  return program;
}

async function create(flags: CreateFlags): Promise<void> {
  const { json, ...options } = flags;
  const lab = await createLab({ ...options, keep: true });
  if (json) process.stdout.write(`${JSON.stringify(describe(lab))}\n`);
  else process.stdout.write(`${renderLab(lab)}\n`);
}

async function destroy(flags: { name?: string; all?: true }): Promise<void> {
  if (flags.name === undefined) return destroyLabs({ includeOwned: flags.all === true });
  const state = await loadLab(labKey(flags.name));
  if (state === undefined) say(`there is no lab named '${flags.name}'; nothing to do`);
  else await destroyLab(state);
}

async function exec(host: string, words: string[], flags: NameFlag): Promise<void> {
  const lab = await openLab(flags.name);
  const result = await lab.exec(host, withoutDashes(words));
  process.stdout.write(result.stdout === '' ? '' : `${result.stdout}\n`);
  process.stderr.write(result.stderr === '' ? '' : `${result.stderr}\n`);
  process.exitCode = result.exitCode;
}

async function run(words: string[], flags: NameFlag): Promise<void> {
  const lab = await openLab(flags.name);
  const result = await lab.spawn(withoutDashes(words), { stdio: 'inherit' });
  process.exitCode = result.exitCode ?? 1;
}

/** The `--` before the command is for people's eyes; commander hands it on. */
function withoutDashes(words: string[]): string[] {
  return words[0] === '--' ? words.slice(1) : words;
}

async function list(): Promise<void> {
  for (const { name, namespace, directory, hosts, owner } of await listLabs()) {
    const names = hosts.map((host) => `${host.name}=${host.address}`).join(' ');
    const use = owner === undefined ? '' : ` (made by process ${owner.pid})`;
    process.stdout.write(`${name}${use}: ${names}, network ${namespace}, files ${directory}\n`);
  }
}

function describe(lab: Lab): object {
  const hosts = lab.hosts.map(({ root: _, ...host }) => host);
  const { name, namespace, artifacts, directory, kubectl, etcdctl, bastion, lb } = lab;
  return { name, namespace, artifacts, hosts, bastion, lb, directory, kubectl, etcdctl };
}

function renderLab(lab: Lab): string {
  const rows = [...lab.hosts, ...(lab.bastion ? [lab.bastion] : []), ...(lab.lb ? [lab.lb] : [])].map(
    (host) =>
      `  ${host.name}  ${host.user}@${host.address}  key ${host.keyPath}` +
      (host.sudoPassword === undefined ? '' : `  sudo password ${host.sudoPassword}`),
  );
  return [
    `lab '${lab.name}' is up:`,
    ...rows,
    `artifacts: ${lab.artifacts}`,
    `run commands in its network with: nsenter --net=/run/netns/${lab.namespace} -- CMD`,
  ].join('\n');
}

function parseHosts(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= 200) return count;
  throw new InvalidArgumentError('It must be a number from 0 to 200.');
}

function parseKind(text: string): FaultKind {
  const kind = faultKinds.find((candidate) => candidate === text);
  if (kind !== undefined) return kind;
  throw new InvalidArgumentError(`It must be one of ${faultKinds.join(', ')}.`);
}

try {
  await makeProgram().parseAsync();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
