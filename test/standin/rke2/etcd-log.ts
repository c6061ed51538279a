import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerOptions } from './options.ts';

const PODS = '/var/log/pods';
const TAIL = 4000;

/** The end of the newest log of this node's etcd, empty when there is none. */
export function readEtcdLog(options: ServerOptions): string {
  if (!existsSync(PODS)) return '';
  const prefix = `kube-system_etcd-${options.nodeName}_`;
  const newest = readdirSync(PODS)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(PODS, name, 'etcd/0.log'))
    .filter(existsSync)
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    .at(-1);
  return newest === undefined ? '' : readFileSync(newest, 'utf8').slice(-TAIL);
}
