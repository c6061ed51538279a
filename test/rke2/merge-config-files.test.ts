import { describe, expect, it } from 'vitest';
import { mergeConfigFiles, sortConfigFiles } from '../../src/rke2/merge-config-files.ts';

const MAIN = '/etc/rancher/rke2/config.yaml';
const dropIn = (name: string, text: string) => ({ path: `${MAIN}.d/${name}`, text });
const merge = (...texts: string[]) =>
  mergeConfigFiles(texts.map((text, index) => dropIn(`${index}.yaml`, text))).values;

describe('merging config.yaml and its drop-ins', () => {
  it('lets later files replace a key, and append to it by `key+`', () => {
    expect(
      merge(
        'tls-san: [a]\ndebug: false\nnode-label: x=1',
        'tls-san+: [b, c]\ndebug: true\nnode-label+: y=2',
        'tls-san+: d',
      ),
    ).toEqual({ 'tls-san': ['a', 'b', 'c', 'd'], debug: true, 'node-label': ['x=1', 'y=2'] });
    expect(merge('disable+: [rke2-ingress-nginx]')).toEqual({ disable: ['rke2-ingress-nginx'] });
    expect(merge('disable: [a, b]', 'disable: [c]')).toEqual({ disable: ['c'] });
  });

  it('reads YAML as RKE2 does: modes become numbers, `yes` is true, comments and blocks count for nothing', () => {
    expect(
      merge(
        '# BEGIN ANSIBLE MANAGED BLOCK\nwrite-kubeconfig-mode: 0644\nselinux: yes\ncni:\n- cilium\n# END',
      ),
    ).toEqual({ 'write-kubeconfig-mode': 420, selinux: true, cni: ['cilium'] });
    expect(merge('')).toEqual({});
    expect(merge('server:')).toEqual({ server: '' });
  });

  it('says what no RKE2 could start with', () => {
    const { mistakes } = mergeConfigFiles([
      { path: MAIN, text: 'a: [b' },
      dropIn('1.yaml', '- a list'),
      dropIn('2.yaml', 'kubelet-arg: {a: b}'),
    ]);
    expect(mistakes).toEqual([
      `${MAIN} is not YAML that can be read.`,
      `${MAIN}.d/1.yaml is not a map of settings.`,
      `\`kubelet-arg\` in ${MAIN}.d/2.yaml holds a map, and RKE2 takes only values and lists.`,
    ]);
  });

  it('takes the main file first, then drop-ins by name, and nothing else', () => {
    const files = [dropIn('b.yaml', ''), dropIn('a.yml', ''), dropIn('c.txt', ''), { path: MAIN, text: '' }];
    expect(sortConfigFiles(files, MAIN).map(({ path }) => path)).toEqual([
      MAIN,
      `${MAIN}.d/a.yml`,
      `${MAIN}.d/b.yaml`,
    ]);
  });
});
