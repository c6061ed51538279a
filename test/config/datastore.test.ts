import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { CERTIFICATE, PRIVATE_KEY } from './rke1-keys/sample-pem.ts';

const NODES = [{ address: '10.0.0.11', role: ['controlplane', 'worker'] }];
const FILES: Readonly<Record<string, string>> = {
  '/srv/site/ca.crt': CERTIFICATE,
  '/srv/site/tls/client.crt': CERTIFICATE,
  '/srv/site/tls/client.key': PRIVATE_KEY,
};

function read(data: object, variables: Record<string, string> = {}) {
  const readFile = (path: string) =>
    FILES[path] === undefined
      ? Object.assign(new Error('nothing there'), { code: 'ENOENT' })
      : Buffer.from(FILES[path]);
  return parseCluster(
    stringify({ nodes: NODES, ...data }),
    'cluster.yml',
    configEnvironment({ readFile, variables }),
  );
}

const DIRECTORY = '/etc/rancher/rke2/rke2ctl';
const PATHS = {
  'datastore-cafile': `${DIRECTORY}/datastore-ca.crt`,
  'datastore-certfile': `${DIRECTORY}/datastore-client.crt`,
  'datastore-keyfile': `${DIRECTORY}/datastore-client.key`,
};

describe('an external datastore', () => {
  it('in RKE1’s form becomes one endpoint, and files on the servers', () => {
    const { cluster, findings } = read({
      services: {
        etcd: {
          external_urls: ['https://a.example:2379/', 'https://[fd00::2]:2379'],
          ca_cert: CERTIFICATE,
          cert: CERTIFICATE,
          key: PRIVATE_KEY,
        },
      },
    });
    expect(findings).toEqual([]);
    expect(cluster?.externalDatastore).toBe(true);
    expect(cluster?.rke2.server).toEqual({
      'datastore-endpoint': 'https://a.example:2379,https://[fd00::2]:2379',
      ...PATHS,
    });
    expect(cluster?.files.map(({ path, on }) => `${path} ${on}`)).toEqual(
      Object.values(PATHS).map((path) => `${path} servers`),
    );
    expect(cluster?.files[2]?.content).toBeInstanceOf(Secret);
    expect(JSON.stringify(cluster)).not.toContain('PRIVATE KEY');
  });

  it('in ours is read from files beside cluster.yml', () => {
    const datastore = {
      endpoint: 'https://a.example:2379',
      ca: './ca.crt',
      cert: 'tls/client.crt',
      key: 'tls/client.key',
    };
    const { cluster, findings } = read({ datastore });
    expect(findings).toEqual([]);
    expect(cluster?.rke2.server).toEqual({ 'datastore-endpoint': 'https://a.example:2379', ...PATHS });
    const [ca, , key] = cluster?.files ?? [];
    expect(ca?.content).toBe(CERTIFICATE);
    expect(key?.content instanceof Secret && key.content.reveal()).toBe(PRIVATE_KEY);
  });

  it.each(['postgres://u:hunter2@db.example/k', 'env:DB'])('keeps a password to itself: %s', (endpoint) => {
    const { cluster, findings } = read(
      { datastore: { endpoint } },
      { DB: 'mysql://u:hunter2@tcp(db:3306)/k' },
    );
    expect(findings).toEqual([]);
    expect(cluster?.externalDatastore).toBe(true);
    expect(cluster?.rke2.server).toEqual({});
    expect(cluster?.rke2.secrets['datastore-endpoint']?.reveal()).toMatch(/hunter2/);
    expect(JSON.stringify(cluster)).not.toContain('hunter2');
  });

  it('has no snapshots, and says so', () => {
    const { cluster, findings } = read({
      datastore: { endpoint: 'https://a.example:2379' },
      services: { etcd: { backup_config: { interval_hours: 6 }, retention: '72h' } },
    });
    expect(findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'warning snapshots-external',
      'warning snapshots-external',
    ]);
    expect(cluster?.rke2.server).toEqual({ 'datastore-endpoint': 'https://a.example:2379' });
  });

  it('names a file that is not there, or is none of the kind', () => {
    const datastore = {
      endpoint: 'https://a.example:2379',
      ca: 'tls/client.key',
      cert: 'gone.crt',
      key: 'ca.crt',
    };
    const { findings } = read({ datastore });
    expect(findings.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'datastore.ca: /srv/site/tls/client.key: There is no certificate in PEM form here.',
      'datastore.cert: The file /srv/site/gone.crt does not exist.',
      'datastore.key: /srv/site/ca.crt: There is no private key in PEM form here.',
    ]);
  });
});
