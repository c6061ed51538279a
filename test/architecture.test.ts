import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult, type IModule } from 'dependency-cruiser';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Which rooms each room may look into, besides itself. What is not listed here is forbidden. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  domain: ['lib'],
  rke2: ['domain', 'lib'],
  config: ['pki', 'rke2', 'domain', 'lib'],
  render: ['rke2', 'domain', 'lib'],
  plan: ['render', 'pki', 'rke2', 'domain', 'lib'],
  transport: ['domain', 'lib'],
  host: ['transport', 'pki', 'rke2', 'domain', 'lib'],
  artifacts: ['host', 'transport', 'rke2', 'domain', 'lib'],
  pki: ['domain', 'lib'],
  state: ['rke2', 'domain', 'lib'],
  steps: ['artifacts', 'host', 'pki', 'render', 'rke2', 'domain', 'lib'],
  engine: ['steps', 'domain', 'lib'],
  ui: ['domain', 'lib'],
  cli: ['*'],
};

/** Rooms without effects: same input, same output. `config` may read files in load-cluster.ts alone. */
const PURE = ['domain', 'rke2', 'render', 'plan', 'config'];
const EFFECTS = [
  'fs',
  'fs/promises',
  'net',
  'tls',
  'http',
  'https',
  'child_process',
  'os',
  'process',
  'worker_threads',
];
const PURE_EXCEPTIONS = ['src/config/load-cluster.ts'];

/** Packages that only one room may know. */
const ONLY_IN: Readonly<Record<string, string>> = {
  ssh2: 'transport',
  execa: 'transport',
  commander: 'cli',
  pino: 'ui',
};

let modules: readonly IModule[] = [];

beforeAll(async () => {
  const { output } = await cruise(['src'], {
    baseDir: root,
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  });
  modules = (output as ICruiseResult).modules.filter((module) => module.source.startsWith('src/'));
}, 60_000);

const roomOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1] ?? '';

/** Every import as `from -> to`, for the ones that `isWrong` says must not be. */
function wrongImports(isWrong: (from: string, to: string) => boolean): string[] {
  return modules.flatMap((module) =>
    module.dependencies
      .filter((dependency) => isWrong(module.source, dependency.resolved))
      .map((dependency) => `${module.source} -> ${dependency.resolved}`),
  );
}

describe('rooms of src/', () => {
  it('were found and read as TypeScript', () => {
    const rooms = new Set(modules.map((module) => roomOf(module.source)));
    expect(modules.length).toBeGreaterThan(60);
    for (const room of ['domain', 'config', 'plan', 'transport', 'host', 'steps', 'engine', 'cli'])
      expect(rooms).toContain(room);
    expect(
      modules.some((module) => module.source === 'src/plan/plan-up.ts' && module.dependencies.length > 3),
    ).toBe(true);
  });

  it('import one way only', () => {
    const wrong = wrongImports((from, to) => {
      if (!to.startsWith('src/') || roomOf(from) === roomOf(to)) return false;
      const allowed = MAY_IMPORT[roomOf(from)] ?? [];
      return !allowed.includes('*') && !allowed.includes(roomOf(to));
    });
    expect(wrong).toEqual([]);
  });

  it('are pure where they say so', () => {
    const wrong = wrongImports(
      (from, to) =>
        PURE.includes(roomOf(from)) &&
        EFFECTS.includes(to.replace('node:', '')) &&
        !PURE_EXCEPTIONS.includes(from),
    );
    expect(wrong.filter((line) => !line.endsWith('-> net'))).toEqual([]);
  });

  it('keep ssh2, execa, commander and pino where they belong', () => {
    const wrong = wrongImports((from, to) => {
      const name = Object.keys(ONLY_IN).find((candidate) => to.includes(`node_modules/${candidate}/`));
      return name !== undefined && roomOf(from) !== ONLY_IN[name];
    });
    expect(wrong).toEqual([]);
  });

  it('build real transports in one place', () => {
    const wrong = wrongImports(
      (from, to) =>
        to.startsWith('src/transport/') &&
        to !== 'src/transport/transport.ts' &&
        roomOf(from) !== 'transport' &&
        from !== 'src/cli/wire.ts',
    );
    expect(wrong).toEqual([]);
  });

  it('have no circles', () => {
    const circles = modules.flatMap((module) =>
      module.dependencies
        .filter((dependency) => dependency.circular && !dependency.dependencyTypes.includes('type-only'))
        .map((dependency) => `${module.source} -> ${dependency.resolved}`),
    );
    expect(circles).toEqual([]);
  });
});
