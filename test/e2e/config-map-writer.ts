/*
 * Run as a process of its own: `config-map-writer.ts KUBECONFIG FILE`. Puts ConfigMaps through the API, one after the other,
 * and appends one line per acknowledged one to FILE: `NAME MS`, when it was acknowledged. What is not acknowledged is tried
 * again under the same name; "already exists" then means that an earlier try had been taken. Before it is, the
 * kubeconfig is read anew: it may name another server by now.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly {
    readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string };
  }[];
}

const [kubeconfig = '', file = ''] = process.argv.slice(2);
type Access = Kubeconfig['clusters'][number]['cluster'] & Kubeconfig['users'][number]['user'];

/** Null while the file is not there, or half there. */
function readAccess(): Access | null {
  try {
    const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
    const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
    return cluster === undefined || user === undefined ? null : { ...cluster, ...user };
  } catch {
    return null;
  }
}

const first = readAccess();
if (first === null) throw new Error(`${kubeconfig} is no kubeconfig`);
let access: Access = first;
const decode = (text: string) => Buffer.from(text, 'base64').toString();

/** The HTTP status, or 0 when there was no answer. */
function put(name: string): Promise<number> {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { name } });
  return new Promise((resolve) => {
    const sent = request(
      `${access.server}/api/v1/namespaces/default/configmaps`,
      {
        method: 'POST',
        agent: false,
        timeout: 3_000,
        ca: decode(access['certificate-authority-data']),
        cert: decode(access['client-certificate-data']),
        key: decode(access['client-key-data']),
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', () => resolve(0));
      },
    );
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

for (let number = 0; ; number += 1) {
  const name = `written-${number}`;
  for (;;) {
    const status = await put(name);
    if (status === 201 || status === 409) break;
    access = readAccess() ?? access;
    await sleep(100);
  }
  appendFileSync(file, `${name} ${Date.now()}\n`);
  await sleep(100);
}
