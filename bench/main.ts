import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { clusterFile, makeProject, SERVER, WORKER } from '../test/e2e/project.ts';
import { createLab, type Lab } from '../test/lab/lab.ts';
import { interleave, median, type Samples } from './measure.ts';

const BIN = fileURLToPath(new URL('../bin/rke2ctl', import.meta.url));
const UPLOAD_PROGRAM = fileURLToPath(new URL('./upload-once.ts', import.meta.url));
const RUNS = 7;
const UPLOAD_BYTES = 500 * 1024 * 1024;

/** One ratio of medians, taken in one run, with what it must not exceed. */
interface Figure {
  readonly name: string;
  readonly limit: number;
  readonly measure: () => Promise<readonly [Samples, Samples]>;
}

/** Prints every figure as `A ÷ B`; with names as arguments only those. Exit code 1 when one is over its limit. */
async function main(names: readonly string[]): Promise<void> {
  const figures = FIGURES.filter((figure) => names.length === 0 || names.includes(figure.name));
  let isOver = false;
  for (const { name, limit, measure } of figures) {
    const [ours, theirs] = await measure();
    const ratio = median(ours.seconds) / median(theirs.seconds);
    isOver ||= ratio > limit;
    console.log(`${name}: ${ratio.toFixed(2)} (limit ${limit})${ratio > limit ? '  OVER' : ''}`);
    for (const samples of [ours, theirs]) console.log(`  ${describe(samples)}`);
  }
  if (isOver) process.exitCode = 1;
}

function describe({ name, seconds }: Samples): string {
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)];
  return `${name}: median ${median(seconds).toFixed(3)} s of ${seconds.length} (${least.toFixed(3)} – ${most.toFixed(3)})`;
}

const FIGURES: readonly Figure[] = [
  { name: 'noop-up', limit: 3, measure: measureNoop },
  { name: 'upload', limit: 1, measure: measureUpload },
  { name: 'help', limit: 2, measure: measureHelp },
];

async function measureHelp(): Promise<readonly [Samples, Samples]> {
  return pair(
    await interleave(15, {
      'rke2ctl --help': async () => void (await execa(process.execPath, [BIN, '--help'])),
      'node -e 0': async () => void (await execa(process.execPath, ['-e', '0'])),
    }),
  );
}

/** A second `up` of six hosts against `ssh true` to the same six at once, each over a fresh connection. */
async function measureNoop(): Promise<readonly [Samples, Samples]> {
  const lab = await createLab({ name: 'bench-noop', hosts: 6 });
  try {
    const project = await makeProject(lab, 'bench');
    await project.write(clusterFile(lab, [SERVER, SERVER, SERVER, WORKER, WORKER, WORKER]));
    const first = await project.rke2ctl('up');
    if (first.exitCode !== 0) throw new Error(first.stderr);
    return pair(
      await interleave(RUNS, {
        'no-op up of 6 hosts': async () => {
          const { exitCode, stderr } = await project.rke2ctl('up');
          if (exitCode !== 0) throw new Error(stderr);
        },
        'ssh true to the 6 at once': async () => {
          await Promise.all(lab.hosts.map((host) => sshTrue(lab, host.user, host.address, host.keyPath)));
        },
      }),
    );
  } finally {
    await lab.destroy();
  }
}

/** One verified upload of 500 MB by our own code against scp and sha256sum on the host. */
async function measureUpload(): Promise<readonly [Samples, Samples]> {
  const lab = await createLab({ name: 'bench-upload', hosts: 1 });
  try {
    const host = lab.hosts[0];
    if (host === undefined) throw new Error('the lab has no host');
    const directory = join(lab.directory, 'upload');
    await mkdir(directory, { recursive: true });
    const source = join(directory, 'bundle');
    await writeRandom(source, UPLOAD_BYTES);
    const clear = () =>
      lab.exec(host.name, [
        'sh',
        '-c',
        'rm -rf /var/lib/bench; mkdir -p /var/lib/bench; chmod 777 /var/lib/bench',
      ]);
    const ssh = [
      '-i',
      host.keyPath,
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      'UserKnownHostsFile=/dev/null',
      '-o',
      'LogLevel=ERROR',
    ];
    return pair(
      await interleave(5, {
        'verified upload of 500 MB': async () => {
          await clear();
          await must(lab, [
            process.execPath,
            '--import',
            'tsx',
            UPLOAD_PROGRAM,
            host.address,
            host.user,
            host.keyPath,
            source,
          ]);
        },
        'scp and sha256sum': async () => {
          await clear();
          await must(lab, [
            'scp',
            '-q',
            ...ssh,
            source,
            `${host.user}@${host.address}:/var/lib/bench/bundle`,
          ]);
          await must(lab, ['ssh', ...ssh, `${host.user}@${host.address}`, 'sha256sum /var/lib/bench/bundle']);
        },
      }),
    );
  } finally {
    await lab.destroy();
  }
}

async function writeRandom(path: string, bytes: number): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, '');
  const file = await open(path, 'w');
  try {
    for (let written = 0; written < bytes; written += 1 << 20) await file.write(randomBytes(1 << 20));
  } finally {
    await file.close();
  }
}

async function sshTrue(lab: Lab, user: string, address: string, keyPath: string): Promise<void> {
  const quiet = [
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'LogLevel=ERROR',
  ];
  await must(lab, ['ssh', '-i', keyPath, ...quiet, `${user}@${address}`, 'true']);
}

async function must(lab: Lab, command: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await lab.run(command);
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${stderr}`);
}

function pair([ours, theirs]: readonly Samples[]): readonly [Samples, Samples] {
  if (ours === undefined || theirs === undefined) throw new Error('two things are compared');
  return [ours, theirs];
}

await main(process.argv.slice(2));
