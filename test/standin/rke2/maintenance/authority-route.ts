import { X509Certificate } from 'node:crypto';
import type { BootstrapData } from '../bootstrap-data.ts';
import { readBootstrapData, replaceBootstrapData } from '../bootstrap-data.ts';
import { hashAuthority, splitCertificates } from '../certificate.ts';
import { CommandError, reasonOf, warn } from '../log.ts';
import type { ServerState } from '../server-routes.ts';
import type { Route } from '../supervisor.ts';

const AUTHORITIES = ['ServerCA', 'ClientCA', 'RequestHeaderCA', 'ETCDServerCA', 'ETCDPeerCA'];

/** PUT /v1-rke2/cert/cacerts: puts new authorities into the datastore; servers take them over when they start. */
export function makeAuthorityRoute(state: ServerState): Route {
  return {
    method: 'PUT',
    path: '/v1-rke2/cert/cacerts',
    role: 'server',
    handle: async (request) => {
      try {
        const wanted = JSON.parse(request.body.toString()) as BootstrapData;
        const current = readBootstrapData(state.options.paths);
        if (request.query.get('force') !== 'true') checkContinuity(current, wanted);
        if (state.etcd === undefined) throw new CommandError('datastore is not ready');
        const now = new Date().toISOString();
        const next = { ...current };
        for (const [name, entry] of Object.entries(wanted)) next[name] = { ...entry, Timestamp: now };
        await replaceBootstrapData(state.etcd, state.passwords.server, next);
        return { body: '' };
      } catch (error) {
        warn(`Failed to rotate CA certificates: ${reasonOf(error)}`);
        return { status: 400, body: reasonOf(error) };
      }
    },
  };
}

/** Every new authority must be vouched for by the old one: the same root, or a certificate signed by it. */
function checkContinuity(current: BootstrapData, wanted: BootstrapData): void {
  for (const name of AUTHORITIES) {
    const next = textOf(wanted, name);
    const old = textOf(current, name);
    if (next === '') throw new CommandError(`no ${name} certificate found in bundle`);
    const [first] = splitCertificates(old);
    if (first === undefined || hashAuthority(next) === hashAuthority(old)) continue;
    const key = new X509Certificate(first).publicKey;
    const isSigned = splitCertificates(next).some((pem) => new X509Certificate(pem).verify(key));
    if (!isSigned)
      throw new CommandError(
        `failed to verify ${name}: x509: certificate signed by unknown authority; use --force to override`,
      );
  }
}

function textOf(data: BootstrapData, name: string): string {
  return Buffer.from(data[name]?.Content ?? '', 'base64').toString();
}
