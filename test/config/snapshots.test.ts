import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import {
  describeInterval,
  describeMinutes,
  minutesOf,
  planSnapshots,
  scheduleOf,
} from '../../src/config/snapshot-schedule.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { CERTIFICATE } from './rke1-keys/sample-pem.ts';

const NODES = [{ address: '10.0.0.11', role: ['controlplane', 'etcd', 'worker'] }];

function read(etcd: object) {
  const env = configEnvironment({ variables: { S3_SECRET: 'from-the-environment' } });
  return parseCluster(stringify({ nodes: NODES, services: { etcd } }), 'cluster.yml', env);
}

function server(etcd: object) {
  return read(etcd).cluster?.rke2.server;
}

/** Minutes of the year's first 60 days at which a cron line of ours fires. */
function listTimes(cron: string): readonly number[] {
  const [minute = '', hour = '', day = '', , weekday = ''] = cron.split(' ');
  const fits = (field: string, value: number, first = 0) =>
    field === '*' ||
    field === String(value) ||
    (field.startsWith('*/') && (value - first) % Number(field.slice(2)) === 0);
  return Array.from({ length: 60 * 24 * 60 }, (_, index) => index).filter((at) => {
    const date = Math.floor(at / 1440);
    const dayOfMonth = date < 31 ? date + 1 : date - 30;
    return (
      fits(minute, at % 60) &&
      fits(hour, Math.floor(at / 60) % 24) &&
      fits(day, dayOfMonth, 1) &&
      fits(weekday, date % 7)
    );
  });
}

describe('the interval of snapshots', () => {
  it.each([
    [12 * 60, '0 */12 * * *'],
    [60, '0 * * * *'],
    [6 * 60, '0 */6 * * *'],
    [24 * 60, '0 0 * * *'],
    [7 * 24 * 60, '0 0 * * 0'],
    [5, '*/5 * * * *'],
  ])('of %d minutes is even as %s', (asked, cron) => {
    expect(scheduleOf(asked)).toEqual({ cron, asked, actual: asked, deviation: null });
  });

  it.each([
    [5 * 60, '0 */5 * * *', "at 0, 5, 10, 15 and 20 o'clock each day"],
    [7 * 60, '0 */7 * * *', "at 0, 7, 14 and 21 o'clock each day"],
    [36 * 60, '0 0 * * *', 'every day at midnight'],
    [48 * 60, '0 0 */2 * *', 'every 2 days, beginning anew on the 1st of each month'],
    [90, '0 * * * *', 'every hour'],
    [25, '*/25 * * * *', 'at 0, 25 and 50 minutes past each hour'],
    [400 * 60, '0 0 * * 0', 'every week, on Sundays'],
  ])('of %d minutes becomes %s: %s', (asked, cron, deviation) => {
    expect(scheduleOf(asked)).toMatchObject({ cron, deviation });
  });

  it('is never longer than what was asked for, up to a week', () => {
    const check = (asked: number) => {
      const times = listTimes(scheduleOf(asked).cron);
      expect(times.length).toBeGreaterThan(1);
      for (const [index, at] of times.entries()) {
        if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeLessThanOrEqual(asked);
      }
    };
    fc.assert(fc.property(fc.integer({ min: 1, max: 7 * 24 * 60 }), check), { numRuns: 25 });
  });

  it('is even exactly when nothing is said about it', () => {
    for (const asked of [1, 7, 30, 60, 120, 300, 480, 660, 720, 1440, 2880, 10_080]) {
      const { cron, deviation } = scheduleOf(asked);
      const times = listTimes(cron);
      const gaps = new Set(times.slice(1).map((at, index) => at - (times[index] ?? 0)));
      expect([...gaps].join() === String(asked), `${asked} minutes: ${cron}`).toBe(deviation === null);
    }
  });

  it('is read from RKE1’s durations', () => {
    expect(['12h', '1h30m', '5m0s', '90s', '0s', 'soon', ''].map(minutesOf)).toEqual([
      720,
      90,
      5,
      2,
      1,
      null,
      null,
    ]);
    expect([60, 90, 1440, 4320].map(describeMinutes)).toEqual(['1 hour', '90 minutes', '1 day', '3 days']);
    expect([60, 90, 1440].map(describeInterval)).toEqual(['every hour', 'every 90 minutes', 'every day']);
  });
});

describe('recurring snapshots', () => {
  it('are RKE2’s own business until the file says something', () => {
    expect(server({})).toEqual({});
    expect(server({ snapshot: true })).toEqual({});
  });

  it('have RKE1’s defaults as soon as it does', () => {
    expect(server({ backup_config: {} })).toEqual({
      'etcd-snapshot-schedule-cron': '0 */12 * * *',
      'etcd-snapshot-retention': 6,
    });
    expect(server({ creation: '6h' })).toMatchObject({ 'etcd-snapshot-retention': 12 });
  });

  it('are turned off by either key', () => {
    expect(server({ snapshot: false })).toEqual({ 'etcd-disable-snapshots': true });
    expect(server({ backup_config: { enabled: false } })).toMatchObject({ 'etcd-disable-snapshots': true });
  });

  it('may follow a cron line of one’s own', () => {
    expect(server({ backup_config: { schedule: '30 3 * * 1-5', retention: 3 } })).toEqual({
      'etcd-snapshot-schedule-cron': '30 3 * * 1-5',
      'etcd-snapshot-retention': 3,
    });
  });

  it('keep as many as the older form’s time holds, rather one more', () => {
    expect(planSnapshots({ creation: '5h', retention: '24h' }).retention).toBe(5);
    expect(planSnapshots({ creation: '5m0s', retention: '24h' }).retention).toBe(288);
    expect(planSnapshots({ retention: '1h' }).retention).toBe(1);
  });

  it('go to S3, with the keys in a place of their own', () => {
    const { cluster, findings } = read({
      backup_config: {
        interval_hours: 8,
        timeout: 90,
        s3backupconfig: {
          bucket_name: 'backups',
          endpoint: 'http://minio.example.com:9000/',
          region: 'eu-west-9',
          folder: 'prod',
          access_key: 'AKIAEXAMPLE',
          secret_key: 'env:S3_SECRET',
          custom_ca: CERTIFICATE,
        },
      },
    });
    expect(findings).toEqual([]);
    expect(cluster?.rke2.server).toEqual({
      'etcd-snapshot-schedule-cron': '0 */8 * * *',
      'etcd-snapshot-retention': 6,
      'etcd-s3': true,
      'etcd-s3-endpoint': 'minio.example.com:9000',
      'etcd-s3-insecure': true,
      'etcd-s3-bucket': 'backups',
      'etcd-s3-region': 'eu-west-9',
      'etcd-s3-folder': 'prod',
      'etcd-s3-timeout': '90s',
      'etcd-s3-retention': 6,
      'etcd-s3-endpoint-ca': '/etc/rancher/rke2/rke2ctl/etcd-s3-ca.crt',
    });
    expect(cluster?.rke2.secrets['etcd-s3-access-key']?.reveal()).toBe('AKIAEXAMPLE');
    expect(cluster?.rke2.secrets['etcd-s3-secret-key']?.reveal()).toBe('from-the-environment');
    expect(JSON.stringify(cluster)).not.toMatch(/AKIAEXAMPLE|from-the-environment/);
    expect(cluster?.files).toEqual([
      { path: '/etc/rancher/rke2/rke2ctl/etcd-s3-ca.crt', content: CERTIFICATE, on: 'servers' },
    ]);
  });

  it('are kept in S3 as long as on the nodes, where RKE2 counts those of all together', () => {
    const nodes = [{ address_range: '10.0.0.11-10.0.0.13', role: ['controlplane', 'etcd', 'worker'] }];
    const s3backupconfig = { bucket_name: 'b', endpoint: 's3.example.com' };
    const services = { etcd: { backup_config: { retention: 30, s3backupconfig } } };
    const values = (more: object) =>
      parseCluster(stringify({ nodes, services, ...more }), 'cluster.yml', configEnvironment()).cluster?.rke2
        .server;
    expect(values({})).toMatchObject({ 'etcd-snapshot-retention': 30, 'etcd-s3-retention': 90 });
    expect(values({ rke2: { server: { 'etcd-s3-retention': 12 } } })).toMatchObject({
      'etcd-s3-retention': 12,
    });
  });

  it('carry a session token, which is a secret and needs its keys', () => {
    const s3 = { bucket_name: 'b', endpoint: 's3.amazonaws.com', session_token: 'env:S3_SECRET' };
    const keys = { access_key: 'AKIAEXAMPLE', secret_key: 'secret' };
    const { cluster } = read({ backup_config: { s3backupconfig: { ...s3, ...keys } } });
    expect(cluster?.rke2.secrets['etcd-s3-session-token']?.reveal()).toBe('from-the-environment');
    expect(cluster?.rke2.server).not.toHaveProperty('etcd-s3-session-token');
    const { findings } = read({ backup_config: { s3backupconfig: s3 } });
    expect(findings).toMatchObject([
      { code: 's3-credentials', message: expect.stringContaining('session_token') },
    ]);
  });

  it('may take S3’s settings from a Secret', () => {
    expect(server({ backup_config: { s3backupconfig: { config_secret: 'etcd-s3' } } })).toMatchObject({
      'etcd-s3': true,
      'etcd-s3-config-secret': 'etcd-s3',
    });
  });

  it('do not go to S3 while nothing is filled in', () => {
    const blank = { bucket_name: '', endpoint: '', access_key: '', secret_key: '' };
    expect(server({ backup_config: { s3backupconfig: blank } })).not.toHaveProperty('etcd-s3');
  });
});
