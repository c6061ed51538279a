import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildProgram } from './release/build-program.ts';
import type { Bundle } from './release/images.ts';
import { bundlesOf, imagesOf } from './release/images.ts';
import type { TarEntry } from './release/tar.ts';
import { makeTar, makeZstd } from './release/tar.ts';

/** What a release directory is to hold. `bundles` limits the split image bundles; all of the version's by default. */
export interface ReleaseOptions {
  readonly directory: string;
  readonly version: string;
  readonly arch?: 'amd64' | 'arm64';
  /** The tarball carries node, etcd, etcdctl and kubectl from this directory instead of expecting them on the host. */
  readonly fat?: boolean;
  readonly programs?: string;
  readonly bundles?: readonly string[];
}

const FILES = join(import.meta.dirname, 'release/files');
const PADDING_BYTES = 200 * 1024;

/**
 * Fills a directory with the files of an RKE2 release: binary, tarball, checksums, image bundles and lists, and an
 * install.sh. The same version gives the same bytes.
 */
export async function makeRelease(options: ReleaseOptions): Promise<void> {
  const arch = options.arch ?? 'amd64';
  const { directory, version } = options;
  mkdirSync(directory, { recursive: true });
  const program = Buffer.from(await buildProgram(version));
  const assets = new Map<string, Buffer>([[`rke2.linux-${arch}`, program]]);
  assets.set(`rke2.linux-${arch}.tar.gz`, gzip(makeTar(listTarball(program, options))));
  const available = bundlesOf(version, arch);
  const wanted = available.filter((bundle) => options.bundles?.includes(bundle) !== false);
  addBundle(assets, `rke2-images.linux-${arch}`, ['core', 'canal'], version);
  for (const bundle of wanted) addBundle(assets, `rke2-images-${bundle}.linux-${arch}`, [bundle], version);
  assets.set(`rke2-images-all.linux-${arch}.txt`, listImages(available, version));
  for (const [name, content] of assets)
    writeFileSync(join(directory, name), content, { mode: name.endsWith(arch) ? 0o755 : 0o644 });
  const checksums = [...assets].map(
    ([name, content]) => `${createHash('sha256').update(content).digest('hex')}  ${name}\n`,
  );
  writeFileSync(join(directory, `sha256sum-${arch}.txt`), checksums.join(''));
  writeFileSync(join(directory, 'install.sh'), readFileSync(join(FILES, 'install.sh')), { mode: 0o755 });
}

function listTarball(program: Buffer, options: ReleaseOptions): readonly TarEntry[] {
  const file = (path: string, mode: number, name = path.split('/').at(-1) ?? path): TarEntry => ({
    path,
    mode,
    content: readFileSync(join(FILES, name)),
  });
  const directory = (path: string): TarEntry => ({ path, mode: 0o755, content: Buffer.alloc(0) });
  const carried = options.fat === true ? ['node', 'etcd', 'etcdctl', 'kubectl'] : [];
  const programs = options.programs ?? '/usr/lib/rke2-standin/bin';
  return [
    directory('bin/'),
    { path: 'bin/rke2', mode: 0o755, content: program },
    file('bin/rke2-killall.sh', 0o755),
    file('bin/rke2-uninstall.sh', 0o755),
    directory('lib/'),
    directory('lib/systemd/'),
    directory('lib/systemd/system/'),
    file('lib/systemd/system/rke2-server.service', 0o644),
    file('lib/systemd/system/rke2-server.env', 0o644, 'rke2.env'),
    file('lib/systemd/system/rke2-agent.service', 0o644),
    file('lib/systemd/system/rke2-agent.env', 0o644, 'rke2.env'),
    directory('share/'),
    directory('share/rke2/'),
    file('share/rke2/LICENSE.txt', 0o644),
    file('share/rke2/rke2-cis-sysctl.conf', 0o644),
    ...(carried.length > 0 ? [directory('share/rke2/standin/')] : []),
    ...carried.map((name) => ({
      path: `share/rke2/standin/${name}`,
      mode: 0o755,
      content: readFileSync(join(programs, name)),
    })),
  ];
}

function addBundle(
  assets: Map<string, Buffer>,
  name: string,
  bundles: readonly Bundle[],
  version: string,
): void {
  const tar = makeBundle(
    bundles.flatMap((bundle) => imagesOf(bundle, version)),
    `${name} ${version}`,
  );
  assets.set(`${name}.tar.zst`, makeZstd(tar));
  assets.set(`${name}.tar.gz`, gzip(tar));
  assets.set(`${name}.txt`, listImages(bundles, version));
}

/** Like `docker save`: a manifest that names the images, a configuration each, and bytes that do not compress. */
function makeBundle(images: readonly string[], seed: string): Buffer {
  const layer = noise(PADDING_BYTES, seed);
  const entries = images.map((image) => ({
    image,
    config: Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Labels: { image } } }),
    ),
  }));
  const configName = (config: Buffer): string => `${createHash('sha256').update(config).digest('hex')}.json`;
  const manifest = entries.map(({ image, config }) => ({
    Config: configName(config),
    RepoTags: [image.replace(/^docker\.io\//, '')],
    Layers: ['layer.tar'],
  }));
  return makeTar([
    ...entries.map(({ config }) => ({ path: configName(config), mode: 0o644, content: config })),
    { path: 'layer.tar', mode: 0o644, content: layer },
    { path: 'manifest.json', mode: 0o644, content: Buffer.from(JSON.stringify(manifest)) },
  ]);
}

function listImages(bundles: readonly Bundle[], version: string): Buffer {
  return Buffer.from(
    bundles
      .flatMap((bundle) => imagesOf(bundle, version))
      .map((image) => `${image}\n`)
      .join(''),
  );
}

function noise(bytes: number, seed: string): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index * 32 < bytes; index += 1) {
    parts.push(createHash('sha256').update(`${seed} ${index}`).digest());
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

function gzip(content: Buffer): Buffer {
  return gzipSync(content, { level: 1 });
}
