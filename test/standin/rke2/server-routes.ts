import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEndpoints } from './api-endpoints.ts';
import { readBootstrapData } from './bootstrap-data.ts';
import { issue, readAuthority } from './cluster-certificates.ts';
import { describeCluster } from './cluster-config.ts';
import type { EtcdClient } from './etcd-client.ts';
import { readFileIfAny } from './files.ts';
import type { KubeClient } from './kube-client.ts';
import { info, reasonOf, warn } from './log.ts';
import { makeAuthorityRoute } from './maintenance/authority-route.ts';
import { makeEncryptionRoutes } from './maintenance/encryption-route.ts';
import { makeSnapshotRoute } from './maintenance/snapshot-service.ts';
import { makeTokenRoute } from './maintenance/token-route.ts';
import { verifyNodePassword } from './node-password.ts';
import type { ServerOptions } from './options.ts';
import { NODE_DIRECTORY } from './paths.ts';
import type { Passwords, Route, RouteRequest, RouteResponse } from './supervisor.ts';

/** What the routes need of a running server; `etcd` and `kube` come up later than the listener. */
export interface ServerState {
  readonly options: ServerOptions;
  passwords: Passwords;
  etcd: EtcdClient | undefined;
  kube: KubeClient | undefined;
  isReady: boolean;
}

const NOT_READY: RouteResponse = { status: 503, body: 'runtime core not ready\n' };

/** The addresses of the API servers, as `ip:6443`, which control-plane servers keep in the datastore. */
export const API_ADDRESSES_KEY = 'rke2/apiaddresses';

export function makeServerRoutes(state: ServerState): readonly Route[] {
  const { options } = state;
  const { tls } = options.paths;
  const file = (name: string) => (): RouteResponse => ({ body: readFileSync(join(tls, name)) });
  return [
    { method: 'GET', path: '/ping', role: 'anyone', handle: () => ({ body: 'pong' }) },
    { method: 'GET', path: '/cacerts', role: 'anyone', handle: file('server-ca.crt') },
    { method: 'GET', path: '/v1-rke2/server-ca.crt', role: 'agent', handle: file('server-ca.crt') },
    { method: 'GET', path: '/v1-rke2/client-ca.crt', role: 'agent', handle: file('client-ca.crt') },
    { method: 'GET', path: '/v1-rke2/config', role: 'agent', handle: () => json(describeCluster(options)) },
    {
      method: 'GET',
      path: '/v1-rke2/readyz',
      role: 'agent',
      handle: () => (state.isReady ? { body: 'ok' } : NOT_READY),
    },
    {
      method: 'GET',
      path: '/v1-rke2/apiservers',
      role: 'agent',
      handle: async () => json(await readApiAddresses(state)),
    },
    {
      method: 'GET',
      path: '/v1-rke2/server-bootstrap',
      role: 'server',
      handle: () => json(readBootstrapData(options.paths)),
    },
    { method: 'GET', path: '/db/info', role: 'server-or-local', handle: () => describeDatastore(state) },
    makeSnapshotRoute(state),
    makeTokenRoute(state),
    makeAuthorityRoute(state),
    ...makeEncryptionRoutes(state),
    ...nodeCertificateRoutes(state),
  ];
}

function nodeCertificateRoutes(state: ServerState): readonly Route[] {
  const { tls } = state.options.paths;
  const route = (
    name: string,
    make: (request: RouteRequest, node: string) => { certificate: string; key: string },
  ): Route => ({
    method: 'GET',
    path: `/v1-rke2/${name}.crt`,
    role: 'agent',
    handle: async (request) => {
      const node = headerOf(request, 'rke2-node-name').toLowerCase();
      const refusal = await verifyNode(state, request, node);
      if (refusal !== undefined) return refusal;
      const { certificate, key } = make(request, node);
      return { body: certificate + key };
    },
  });
  return [
    route('client-kubelet', (_request, node) =>
      issue(readAuthority(tls, 'client-ca'), {
        commonName: `system:node:${node}`,
        organizations: ['system:nodes'],
        usage: 'client',
      }),
    ),
    route('serving-kubelet', (request, node) =>
      issue(readAuthority(tls, 'server-ca'), {
        commonName: node,
        names: [
          node,
          'localhost',
          '127.0.0.1',
          '::1',
          ...headerOf(request, 'rke2-node-ip').split(',').filter(Boolean),
        ],
        usage: 'server',
      }),
    ),
    route('client-kube-proxy', () =>
      issue(readAuthority(tls, 'client-ca'), { commonName: 'system:kube-proxy', usage: 'client' }),
    ),
    route('client-rke2-controller', () =>
      issue(readAuthority(tls, 'client-ca'), { commonName: 'system:rke2-controller', usage: 'client' }),
    ),
  ];
}

/** A node may have certificates when its password is the one its name was first used with. */
async function verifyNode(
  state: ServerState,
  request: RouteRequest,
  node: string,
): Promise<RouteResponse | undefined> {
  const password = headerOf(request, 'rke2-node-password');
  if (node === '' || password === '') return { status: 400, body: 'node name not set\n' };
  if (request.nodeName !== undefined && request.nodeName !== node)
    return { status: 403, body: 'forbidden\n' };
  if (request.isLocal && node === state.options.nodeName) {
    if (readFileIfAny(join(NODE_DIRECTORY, 'password'))?.trim() !== password)
      return { status: 403, body: 'forbidden\n' };
    info(`Password verified locally for node ${node}`);
    return undefined;
  }
  if (state.kube === undefined) {
    return state.options.runsApiServer ? NOT_READY : deferVerification(state, node, password);
  }
  try {
    if (await verifyNodePassword(state.kube, node, password)) return undefined;
    warn(
      `Unable to verify password for node ${node}: unable to verify hash for node '${node}': hash does not match`,
    );
    return { status: 403, body: 'forbidden\n' };
  } catch (error) {
    warn(`Unable to verify password for node ${node}: ${reasonOf(error)}`);
    return NOT_READY;
  }
}

/** Without an API server the answer must wait: the node is let in and looked at later. */
function deferVerification(state: ServerState, node: string, password: string): undefined {
  info(`Password verification deferred for node ${node}`);
  const timer = setInterval(() => {
    if (state.kube === undefined) return;
    clearInterval(timer);
    verifyNodePassword(state.kube, node, password).then(
      (isRight) => isRight || warn(`Deferred node password validation failed for node ${node}`),
      () => undefined,
    );
  }, 1000);
  timer.unref();
  return undefined;
}

async function readApiAddresses(state: ServerState): Promise<readonly string[]> {
  if (state.options.datastore !== undefined)
    return state.kube === undefined ? [] : readEndpoints(state.kube).catch(() => []);
  const entry = await state.etcd?.get(API_ADDRESSES_KEY);
  return entry === undefined ? [] : (JSON.parse(entry.value) as string[]);
}

async function describeDatastore(state: ServerState): Promise<RouteResponse> {
  if (state.options.datastore !== undefined) return { status: 503, body: 'etcd datastore disabled' };
  if (state.etcd === undefined || !state.options.runsEtcd) return { status: 503, body: 'etcd not ready\n' };
  return json({ members: await state.etcd.members() });
}

function json(value: unknown): RouteResponse {
  return { body: JSON.stringify(value) };
}

function headerOf(request: RouteRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
