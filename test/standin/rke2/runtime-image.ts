import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { linkTo, makeDirectory, writeFile } from './files.ts';
import { HttpStatusError, send } from './http.ts';
import { ARCHIVE_EXTENSIONS, normalizeImage, readImageArchive } from './image-archive.ts';
import { CommandError, info, reasonOf, warn } from './log.ts';
import type { NodeOptions } from './options.ts';
import type { Paths } from './paths.ts';
import { listProcessesBelow } from './pods.ts';
import { readRegistries } from './registries-file.ts';
import { findProgram, RELEASE } from './release.ts';

/** What the node can run: images from archives, and registries that answer. */
export interface ImageStore {
  /** Whether the image is here or can be pulled now. */
  has(image: string): Promise<boolean>;
  readonly hasArchives: boolean;
}

/** Reads the archives of agent/images and the registries the node may pull from. */
export function openImageStore(
  options: Pick<NodeOptions, 'paths' | 'registriesFile' | 'systemDefaultRegistry'>,
): ImageStore {
  const archived = new Set<string>();
  const archives = listArchives(options.paths);
  for (const path of archives) {
    try {
      for (const image of readImageArchive(path)) archived.add(image);
      info(`Imported images from ${path}`);
    } catch (error) {
      warn(`Failed to process image event: failed to import ${path}: ${reasonOf(error)}`);
    }
  }
  const reachable = new Map<string, boolean>();
  return {
    hasArchives: archives.length > 0,
    has: async (image) => {
      if (archived.has(normalizeImage(image))) return true;
      const key = options.systemDefaultRegistry;
      if (reachable.get(key) !== true) reachable.set(key, (await findRegistryFailure(options)) === undefined);
      return reachable.get(key) === true;
    },
  };
}

/** `index.docker.io/rancher/rke2-runtime:v1.36.4-rke2r1`, or below the system default registry. */
export function runtimeImage(systemDefaultRegistry: string): string {
  return `${systemDefaultRegistry === '' ? 'index.docker.io' : systemDefaultRegistry}/rancher/rke2-runtime:${RELEASE.tag}`;
}

/**
 * Puts the runtime image's content below data/<tag>-<12 hex>/ and points `bin` there. Fails as RKE2 does when the image
 * is neither in an archive nor to be pulled.
 */
export async function stageRuntime(
  options: Pick<NodeOptions, 'paths' | 'registriesFile' | 'systemDefaultRegistry'>,
  store: ImageStore,
): Promise<string> {
  const image = runtimeImage(options.systemDefaultRegistry);
  const digest = createHash('sha256').update(RELEASE.version).digest('hex').slice(0, 12);
  const directory = join(options.paths.releases, `${RELEASE.tag}-${digest}`);
  if (existsSync(join(directory, '.extracted'))) {
    info(`Runtime image ${image} bin and charts directories already exist; skipping extract`);
  } else {
    info(`Pulling runtime image ${image}`);
    if (!(await store.has(`rancher/rke2-runtime:${RELEASE.tag}`))) {
      throw new CommandError(`failed to get runtime image ${image}: ${await findRegistryFailure(options)}`);
    }
    extract(directory);
  }
  linkTo(join(directory, 'bin'), options.paths.bin);
  removeOldReleases(options.paths, directory);
  return directory;
}

/** Directories of earlier releases go as soon as no container runs from them. */
function removeOldReleases(paths: Paths, current: string): void {
  for (const name of readdirSync(paths.releases)) {
    const directory = join(paths.releases, name);
    if (directory === current) continue;
    if (listProcessesBelow(`${directory}/`).length > 0) {
      info(`Skipping removal of old RKE2 data directory ${directory}: still referenced by containers`);
      continue;
    }
    info(`Removing old RKE2 data directory: ${directory}`);
    rmSync(directory, { recursive: true, force: true });
  }
}

function extract(directory: string): void {
  const bin = join(directory, 'bin');
  makeDirectory(bin);
  makeDirectory(join(directory, 'charts'));
  const shell = realpathSync('/bin/sh');
  for (const name of ['containerd', 'containerd-shim-runc-v2', 'ctr', 'crictl', 'runc']) {
    copyFileSync(shell, join(bin, name));
  }
  writeFile(join(bin, 'kubelet'), '#!/bin/sh\nexec sleep infinity\n', 0o755);
  linkTo(findProgram('kubectl'), join(bin, 'kubectl'));
  linkImages(join(directory, 'images'));
  for (const [name, content] of Object.entries(RELEASE.programs))
    writeFile(join(directory, name), content, 0o644);
  writeFile(join(directory, '.extracted'), '', 0o644);
}

/** What the images would hold, under the names the processes are to be seen by. */
function linkImages(directory: string): void {
  makeDirectory(join(directory, 'idle'));
  const controllers = ['kube-controller-manager', 'kube-scheduler', 'cloud-controller-manager'];
  for (const name of ['kube-apiserver', 'kube-proxy', ...controllers])
    linkTo(findProgram('node'), join(directory, name));
  for (const name of controllers) linkTo('/usr/bin/sleep', join(directory, 'idle', name));
}

function listArchives(paths: Paths): readonly string[] {
  if (!existsSync(paths.images)) return [];
  return readdirSync(paths.images)
    .filter((name) => ARCHIVE_EXTENSIONS.some((extension) => name.endsWith(extension)))
    .sort()
    .map((name) => join(paths.images, name));
}

/** Why no registry can be pulled from: undefined when one answers `GET /v2/` with 200 or 401. */
async function findRegistryFailure(
  options: Pick<NodeOptions, 'registriesFile' | 'systemDefaultRegistry'>,
): Promise<string | undefined> {
  let failure = '';
  for (const base of listEndpoints(options)) {
    const url = `${base.replace(/\/+$/, '')}/v2/`;
    try {
      const { status } = await send({ url, timeoutMs: 3000 });
      if (status === 200 || status === 401) return undefined;
      failure = new HttpStatusError(url, status, '').message;
    } catch (error) {
      failure = reasonOf(error);
    }
  }
  return failure;
}

function listEndpoints(
  options: Pick<NodeOptions, 'registriesFile' | 'systemDefaultRegistry'>,
): readonly string[] {
  const registry =
    options.systemDefaultRegistry === '' ? 'docker.io' : (options.systemDefaultRegistry.split('/')[0] ?? '');
  const endpoints: string[] = [];
  const { mirrors } = readRegistries(options.registriesFile);
  for (const endpoint of (mirrors?.[registry] ?? mirrors?.['*'])?.endpoint ?? [])
    endpoints.push(endpoint.includes('://') ? endpoint : `https://${endpoint}`);
  return [...endpoints, `https://${registry === 'docker.io' ? 'index.docker.io' : registry}`];
}
