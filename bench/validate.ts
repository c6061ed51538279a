import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Figure } from './figure.ts';
import { interleave, type Subject } from './measure.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'bin/rke2ctl');
const RUNS = 11;

/** The least that it takes to read such a file with Node: start, read, parse. */
const READ = `import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
load(readFileSync(process.argv[1], 'utf8'));`;

/** `validate` of 1,000 flawless nodes against Node reading the same file with js-yaml. */
export const validateFigure: Figure = {
  name: 'validate',
  limit: 6,
  measure: () => withFile(makeFile(1000), (file) => interleave(RUNS, validate(file), read(file))),
};

/** The same with warnings, whose places in the file have to be found. */
export const validateWarningsFigure: Figure = {
  name: 'validate-warnings',
  limit: 6,
  measure: () =>
    withFile(makeFile(1000, '    docker_socket: /run/docker.sock\n'), (file) =>
      interleave(RUNS, validate(file, 'docker_socket'), read(file)),
    ),
};

/** What a person waits for who has such a file as most have. */
export const validateOrdinaryFigure: Figure = {
  name: 'validate-ordinary',
  limit: 3,
  measure: () => interleave(15, validate(join(ROOT, 'examples/ha-endpoint/cluster.yml')), doNothing()),
};

/** 10,000 nodes against 1,000: more than tenfold would be more than linear. */
export const validateGrowthFigure: Figure = {
  name: 'validate-growth',
  limit: 10,
  measure: () =>
    withFile(makeFile(10_000), (large) =>
      withFile(makeFile(1000), (small) => interleave(RUNS, validate(large), validate(small))),
    ),
};

/** Three servers and workers with names, labels and taints; `extra` is added to every node. */
function makeFile(count: number, extra = ''): string {
  const nodes = Array.from(
    { length: count },
    (_, index) => `  - address: 10.${index >> 16}.${(index >> 8) & 255}.${index & 255}
    user: ubuntu
    role: [${index < 3 ? 'controlplane, etcd' : 'worker'}]
    hostname_override: node-${index}
${extra}    labels:
      example.com/rack: r${index % 40}
      tier: "${index % 3}"
    taints: [{key: dedicated, value: t${index % 7}, effect: NoSchedule}]
`,
  );
  return `cluster_name: large\nkubernetes_version: v1.35.7+rke2r1\nservices: {kube-controller: {cluster_cidr: 100.64.0.0/10}}\nnodes:\n${nodes.join('')}`;
}

async function withFile<T>(text: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'rke2ctl-bench-'));
  try {
    const file = join(folder, 'cluster.yml');
    await writeFile(file, text);
    return await work(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Fails when the file is not taken, or taken without the words that are expected. */
function validate(file: string, words = 'is valid'): Subject {
  return {
    name: `rke2ctl validate${words === 'is valid' ? '' : ', with warnings'}`,
    run: async () => {
      const { stderr, stdout } = await execa(process.execPath, [BIN, 'validate', '--config', file]);
      if (!`${stdout}${stderr}`.includes(words))
        throw new Error(`${words} is missing in: ${stdout}${stderr}`);
    },
  };
}

function read(file: string): Subject {
  const script = ['--input-type=module', '-e', READ, file];
  return {
    name: 'node with js-yaml',
    run: async () => void (await execa(process.execPath, script, { cwd: ROOT })),
  };
}

/** What Node itself takes. */
export function doNothing(): Subject {
  return { name: 'node -e 0', run: async () => void (await execa(process.execPath, ['-e', '0'])) };
}
