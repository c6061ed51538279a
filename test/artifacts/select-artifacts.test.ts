import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { artifactsMissing } from '../../src/artifacts/artifact-errors.ts';
import { checksumFileName, type Inventory } from '../../src/artifacts/inventory.ts';
import type { ReleaseFile } from '../../src/artifacts/release-file.ts';
import {
  type Selection,
  type SelectionInput,
  selectArtifacts,
} from '../../src/artifacts/select-artifacts.ts';
import type { Cni } from '../../src/domain/cluster.ts';
import { parseVersion, type Rke2Version } from '../../src/rke2/version.ts';

const V135 = 'v1.35.7+rke2r1';
const V136 = 'v1.36.4+rke2r1';

function version(text: string): Rke2Version {
  const parsed = parseVersion(text);
  if (parsed === null) throw new Error(`${text} is no version`);
  return parsed;
}

/** An inventory of the tarball, the checksums and these bundles: `core`, `core.tar.gz`, or `` for the main one. */
function stock(bundles: readonly string[], arch = 'amd64'): Inventory {
  const names = bundles.map((bundle) => {
    const [name, extension = 'tar.zst'] = bundle.split(/\.(.*)/);
    return `rke2-images${name === '' ? '' : `-${name}`}.linux-${arch}.${extension}`;
  });
  const files = [`rke2.linux-${arch}.tar.gz`, ...names].map(
    (name): ReleaseFile => ({
      name,
      path: `/srv/${name}`,
      sizeBytes: 1,
      sha256: 'a'.repeat(64),
    }),
  );
  const entry = {
    arch,
    version: null,
    checksumFile: checksumFileName(arch),
    files: Object.fromEntries(files.map((file) => [file.name, file])),
  };
  return { directory: '/srv', archs: { [arch]: entry } };
}

function select(bundles: readonly string[], overrides: Partial<SelectionInput> = {}): Selection {
  return selectArtifacts({
    inventory: stock(bundles),
    arch: 'amd64',
    version: version(V135),
    cni: ['canal'],
    ingress: null,
    cloudProvider: null,
    registrySupplies: false,
    ...overrides,
  });
}

/** `rke2-images-core.linux-amd64.tar.zst` → `core.tar.zst`; the main bundle → `.tar.zst`. */
function short(name: string): string {
  return name.replace(/^rke2-images-?/, '').replace('.linux-amd64', '');
}

function chosen(selection: Selection): readonly string[] {
  return selection.images.map((file) => short(file.name));
}

function lacking(selection: Selection): readonly string[] {
  return selection.missing.map((file) => short(file.name));
}

const EVERYTHING = ['', 'core', 'canal', 'calico', 'cilium', 'flannel', 'multus', 'traefik', 'ingress-nginx'];

describe('selectArtifacts', () => {
  it.each<[string, readonly string[], Partial<SelectionInput>, readonly string[]]>([
    ['Canal from the one bundle', EVERYTHING, {}, ['.tar.zst']],
    [
      'Canal from the split ones, where there is no other',
      ['core', 'canal'],
      {},
      ['core.tar.zst', 'canal.tar.zst'],
    ],
    ['Cilium without anything of Canal', EVERYTHING, { cni: ['cilium'] }, ['core.tar.zst', 'cilium.tar.zst']],
    [
      'Cilium beside the main bundle, where core is not by itself',
      ['', 'cilium'],
      { cni: ['cilium'] },
      ['.tar.zst', 'cilium.tar.zst'],
    ],
    ['no CNI', EVERYTHING, { cni: ['none'] }, ['core.tar.zst']],
    ['Multus on Canal', EVERYTHING, { cni: ['multus', 'canal'] }, ['.tar.zst', 'multus.tar.zst']],
    [
      'Multus on Calico',
      EVERYTHING,
      { cni: ['multus', 'calico'] },
      ['core.tar.zst', 'multus.tar.zst', 'calico.tar.zst'],
    ],
    ['zstd before gzip', ['.tar.gz', ''], {}, ['.tar.zst']],
    ['gzip alone', ['.tar.gz'], {}, ['.tar.gz']],
    ['mixed compressions', ['core.tar.gz', 'cilium'], { cni: ['cilium'] }, ['core.tar.gz', 'cilium.tar.zst']],
    ['Traefik on 1.35', EVERYTHING, { ingress: ['traefik'] }, ['.tar.zst', 'traefik.tar.zst']],
    ['ingress-nginx on 1.35: in core', EVERYTHING, { ingress: ['ingress-nginx'] }, ['.tar.zst']],
    ['Traefik on 1.36: in core', EVERYTHING, { version: version(V136), ingress: ['traefik'] }, ['.tar.zst']],
    [
      'ingress-nginx on 1.36',
      EVERYTHING,
      { version: version(V136), ingress: ['ingress-nginx'] },
      ['.tar.zst', 'ingress-nginx.tar.zst'],
    ],
    ['no ingress', EVERYTHING, { ingress: ['none'] }, ['.tar.zst']],
    ['a registry that supplies the images', EVERYTHING, { registrySupplies: true }, []],
  ])('%s', (_name, bundles, overrides, images) => {
    const selection = select(bundles, overrides);
    expect(selection.missing).toEqual([]);
    expect(selection.tarball?.name).toBe('rke2.linux-amd64.tar.gz');
    expect(chosen(selection)).toEqual(images);
  });

  it.each<[string, readonly string[], Partial<SelectionInput>, readonly string[]]>([
    ['the CNI beside core', ['core'], { cni: ['cilium'] }, ['cilium.tar.zst']],
    ['core beside the CNI', ['cilium'], { cni: ['cilium'] }, ['core.tar.zst']],
    ['both', [], { cni: ['cilium'] }, ['core.tar.zst', 'cilium.tar.zst']],
    ['the one for Canal', [], {}, ['.tar.zst']],
    ['one half of a split Canal', ['core'], {}, ['.tar.zst']],
    ['Traefik for 1.35', [''], { ingress: ['traefik'] }, ['traefik.tar.zst']],
    [
      'ingress-nginx for 1.36',
      [''],
      { version: version(V136), ingress: ['ingress-nginx'] },
      ['ingress-nginx.tar.zst'],
    ],
    ['the cloud provider’s', [''], { cloudProvider: 'harvester' }, ['harvester.tar.zst']],
  ])('names what is missing: %s', (_name, bundles, overrides, missing) => {
    expect(lacking(select(bundles, overrides))).toEqual(missing);
  });

  it('names everything, checksums too, for an architecture that is not there at all', () => {
    const selection = select([''], { arch: 'arm64' });
    expect(selection.tarball).toBeNull();
    expect(selection.missing.map((file) => file.name)).toEqual([
      'rke2.linux-arm64.tar.gz',
      'sha256sum-arm64.txt',
      'rke2-images.linux-arm64.tar.zst',
    ]);
  });

  it('wants tarball and checksums even with a registry', () => {
    const selection = select([], { arch: 'arm64', registrySupplies: true });
    expect(selection.missing.map((file) => file.name)).toEqual([
      'rke2.linux-arm64.tar.gz',
      'sha256sum-arm64.txt',
    ]);
  });

  it('covers every image or says what is missing, whatever lies in the directory', () => {
    const bundle = fc.constantFrom(...EVERYTHING);
    const cni = fc.constantFrom<readonly Cni[]>(
      ['canal'],
      ['cilium'],
      ['calico'],
      ['flannel'],
      ['none'],
      ['multus', 'canal'],
    );
    const ingress = fc.constantFrom(
      null,
      ['traefik'],
      ['ingress-nginx'],
      ['none'],
      ['traefik', 'ingress-nginx'],
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(bundle),
        cni,
        ingress,
        fc.constantFrom(V135, V136),
        (bundles, plugins, controllers, text) => {
          const selection = select(bundles, { cni: plugins, ingress: controllers, version: version(text) });
          const held = new Set(
            chosen(selection).flatMap((name) =>
              name.startsWith('.') ? ['core', 'canal'] : [name.split('.')[0]],
            ),
          );
          const needed = ['core', ...plugins.filter((name) => name !== 'none')];
          const lone = text === V135 ? 'traefik' : 'ingress-nginx';
          if (controllers?.some((name) => name === lone)) needed.push(lone);
          const isCovered = needed.every((name) => held.has(name));
          expect(selection.missing.length === 0).toBe(isCovered);
          const available = new Set(bundles.flatMap((name) => (name === '' ? ['core', 'canal'] : [name])));
          if (needed.every((name) => available.has(name))) expect(isCovered).toBe(true);
        },
      ),
    );
  });
});

it('says what is missing so that somebody can go and get it', () => {
  const { missing } = select(['core'], { cni: ['cilium'] });
  const error = artifactsMissing('/srv/rke2', missing, V135);
  expect(error.message).toBe(
    'The artifact directory /srv/rke2 lacks what this cluster needs, so nothing was sent:\n' +
      '  rke2-images-cilium.linux-amd64.tar.zst (the images of the CNI cilium; instead would do: rke2-images-cilium.linux-amd64.tar.gz)',
  );
  expect(error.hint).toContain('https://github.com/rancher/rke2/releases/tag/v1.35.7%2Brke2r1');
});
