import * as z from 'zod';
import { showValue } from '../finding.ts';
import { checked, LocalPathSchema, text } from '../schema/scalars.ts';
import { isSecretSource } from '../secret-value.ts';
import { config, file, own, required } from './key.ts';
import { DATASTORE_PATHS } from './services/etcd.ts';

const SCHEMES = ['https', 'http', 'mysql', 'postgres', 'postgresql', 'nats'];

const EndpointSchema = checked(text('must be the endpoint of a database, or where to find it'), (written) => {
  if (isSecretSource(written)) return null;
  const scheme = /^([a-z]+):\/\/./.exec(written)?.[1];
  if (scheme !== undefined && SCHEMES.includes(scheme)) return null;
  return {
    message:
      scheme === undefined
        ? 'The `endpoint` of the datastore does not begin with the kind of database, such as `postgres://`.'
        : `${showValue(scheme)} is no kind of datastore that RKE2 knows.`,
    hint: 'Write `https://h1:2379,https://h2:2379` for etcd, `postgres://user:password@host:5432/database`, or `mysql://user:password@tcp(host:3306)/database`; best as `env:NAME`.',
  };
});

/** A database of one's own instead of etcd on the nodes. */
export const DatastoreSchema = z.strictObject(
  {
    endpoint: required(
      own(EndpointSchema, {
        description:
          'The database that holds the cluster’s data: etcd (URLs with commas between them), PostgreSQL, MySQL or MariaDB. No node has the role `etcd` then.',
        examples: ['https://10.0.0.21:2379,https://10.0.0.22:2379', 'env:DATASTORE_ENDPOINT'],
        secret: true,
        becomes: [config('datastore-endpoint')],
      }),
    ),
    ca: own(LocalPathSchema, {
      description: 'File beside cluster.yml with the certificate of the CA that signed the database’s own.',
      examples: ['./datastore-ca.crt'],
      becomes: [file(DATASTORE_PATHS.ca), config('datastore-cafile')],
    }),
    cert: own(LocalPathSchema, {
      description: 'File beside cluster.yml with the certificate that the servers show; together with `key`.',
      examples: ['./datastore-client.crt'],
      becomes: [file(DATASTORE_PATHS.cert), config('datastore-certfile')],
    }),
    key: own(LocalPathSchema, {
      description: 'File beside cluster.yml with the private key of `cert`.',
      examples: ['./datastore-client.key'],
      becomes: [file(DATASTORE_PATHS.key), config('datastore-keyfile')],
    }),
  },
  { error: 'must be a map with `endpoint`, `ca`, `cert` and `key`' },
);
