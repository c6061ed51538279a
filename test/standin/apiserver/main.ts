import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeApiServer } from './api-server.ts';
import { bootstrapCluster } from './bootstrap-cluster.ts';
import { publishEndpoint } from './controllers/publish-endpoint.ts';
import { runControllers } from './controllers/run-controllers.ts';
import { openEncryption } from './encryption.ts';
import { EtcdClient } from './etcd-client.ts';
import { ObjectStore } from './object-store.ts';
import { readServerConfig } from './server-config.ts';

function log(message: string): void {
  process.stderr.write(`I ${new Date().toISOString()} ${message}\n`);
}

async function keepTrying(what: string, action: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await action();
      return;
    } catch (error) {
      log(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      await sleep(250);
    }
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  if (values.config === undefined) throw new Error('usage: kube-apiserver.mjs --config FILE.json');
  const config = readServerConfig(values.config);
  const stopping = new AbortController();
  const etcd = new EtcdClient(config.etcd);
  const secrets = config.encryptionConfig === undefined ? null : openEncryption(config.encryptionConfig);
  const context = { store: new ObjectStore(etcd, secrets), serviceCidr: config.serviceCIDR };
  let isStarted = false;
  const server = makeApiServer({ context, config, isStarted: () => isStarted, signal: stopping.signal });
  server.on('error', (error) => {
    process.stderr.write(`F cannot serve on ${config.bind}:${config.port}: ${error.message}\n`);
    process.exit(1);
  });
  server.listen(config.port, config.bind, () => log(`Serving securely on ${config.bind}:${config.port}`));
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log(`${name}: shutting down`);
      stopping.abort();
      server.close();
      server.closeIdleConnections();
      setTimeout(() => process.exit(0), 1_000).unref();
    });
  }
  await keepTrying('waiting for etcd', () => bootstrapCluster(context), stopping.signal);
  isStarted = true;
  const { advertiseAddress } = config;
  await Promise.all([
    config.controllers ? runControllers(etcd, context, config.clusterCIDR, stopping.signal) : undefined,
    advertiseAddress === undefined
      ? undefined
      : publishEndpoint(etcd, context, advertiseAddress, config.port, stopping.signal),
  ]);
}

await main();
