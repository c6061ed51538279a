import { describe, expect, it } from 'vitest';
import { listFindingsOf, readClusterYml } from '../support/read-cluster-yml.ts';

describe('monitoring', () => {
  it('says nothing when the file says nothing, as RKE1’s questionnaire wrote it', () => {
    const written =
      'monitoring: {provider: "", options: {}, node_selector: {}, update_strategy: null, replicas: null, tolerations: [], metrics_server_priority_class_name: ""}';
    const { chartValues, rke2 } = readClusterYml(written);
    expect(chartValues).toEqual({});
    expect(rke2.server).toEqual({});
  });

  it('becomes values of metrics-server’s chart', () => {
    const { chartValues } = readClusterYml(
      `monitoring:
  provider: metrics-server
  options: {metric-resolution: 30s, v: 4}
  replicas: 2
  node_selector: {a: b}
  tolerations: [{operator: Exists, effect: NoSchedule}]
  update_strategy: {strategy: RollingUpdate, rollingUpdate: {maxUnavailable: 25%, maxSurge: "1"}}
  metrics_server_priority_class_name: mine`,
    );
    expect(chartValues).toEqual({
      'rke2-metrics-server': {
        args: ['--metric-resolution=30s', '--v=4'],
        replicas: 2,
        nodeSelector: { a: 'b' },
        tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }],
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: 1 } },
        priorityClassName: 'mine',
      },
    });
  });

  it('is left away', () => {
    expect(readClusterYml('monitoring: {provider: none}').rke2.server).toEqual({
      disable: ['rke2-metrics-server'],
    });
  });

  it.each([
    ['{provider: none, replicas: 2}', 'warning settings-unused monitoring'],
    ['{provider: prometheus}', 'error invalid-value monitoring.provider'],
    ['{replicas: 0}', 'error invalid-value monitoring.replicas'],
  ])('%s: %s', (monitoring, finding) => {
    expect(listFindingsOf(`monitoring: ${monitoring}`)).toEqual([finding]);
  });

  it('has no word to say of empty keys beside `none`', () => {
    expect(listFindingsOf('monitoring: {provider: none, options: {}, tolerations: []}')).toEqual([]);
  });
});
