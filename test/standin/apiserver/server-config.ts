import { readFileSync } from 'node:fs';
import type { EtcdConfig } from './etcd-client.ts';

/** The configuration file of the program; paths are absolute. */
export interface ServerConfig {
  /** Address to listen on; `::` for IPv4 and IPv6. */
  readonly bind: string;
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  /** Signs the client certificates that are let in. */
  readonly clientCA: string;
  readonly etcd: EtcdConfig;
  readonly serviceCIDR: string;
  /** Each node gets a /24 (IPv6: /64) of it as podCIDR; 10.42.0.0/16 unless told. */
  readonly clusterCIDR: string;
  /** The address at which others reach this server; it then appears in the Endpoints `kubernetes`. */
  readonly advertiseAddress?: string;
  /** Whether this server's controllers take part (one of several servers over one etcd acts at a time). */
  readonly controllers: boolean;
  /** EncryptionConfiguration for Secrets; without it they lie in etcd as they are. */
  readonly encryptionConfig?: string;
  readonly version: string;
}

const DEFAULTS = {
  bind: '0.0.0.0',
  port: 6443,
  serviceCIDR: '10.43.0.0/16',
  clusterCIDR: '10.42.0.0/16',
  controllers: true,
  version: 'v1.35.7+rke2r1',
};

/** Reads the file; throws with its path when a key without a default is missing. */
export function readServerConfig(path: string): ServerConfig {
  const config = { ...DEFAULTS, ...(JSON.parse(readFileSync(path, 'utf8')) as Partial<ServerConfig>) };
  const { cert, key, clientCA, etcd } = config;
  if (cert === undefined || key === undefined || clientCA === undefined || etcd === undefined) {
    throw new Error(`${path}: cert, key, clientCA and etcd are needed`);
  }
  return { ...config, cert, key, clientCA, etcd };
}
