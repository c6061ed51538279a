import { X509Certificate } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { readBootstrapData } from '../bootstrap-data.ts';
import { splitCertificates } from '../certificate.ts';
import { makeDirectory, writeFile } from '../files.ts';
import type { ParsedFlags } from '../flags.ts';
import { isSet, listOf, makeFlagSet, textOf } from '../flags.ts';
import { CommandError, info, log, reasonOf } from '../log.ts';
import type { Paths } from '../paths.ts';
import { DEFAULT_DATA_DIRECTORY, pathsOf } from '../paths.ts';
import { sendToSupervisor } from '../supervisor-client.ts';
import { filesOf, isService, servicesOf } from './certificate-files.ts';
import { alignColumns, openLocalSupervisor } from './local-supervisor.ts';

const RENEWAL_DAYS = 120;
const DAY = 24 * 60 * 60 * 1000;
const USAGES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'ServerAuth',
  '1.3.6.1.5.5.7.3.2': 'ClientAuth',
};

export const CERTIFICATE_FLAGS = makeFlagSet(
  { string: 'data-dir output server token path', list: 'service', bool: 'debug force' },
  { d: 'data-dir', s: 'service', o: 'output', t: 'token' },
);

interface CertificateInfo {
  readonly Filename: string;
  readonly Subject: string;
  readonly Issuer: string;
  readonly Usages: readonly string[];
  readonly ExpiryTime: string;
  /** Nanoseconds. */
  readonly ResidualTime: number;
  readonly Status: 'OK' | 'WARNING' | 'EXPIRED' | 'NOT YET VALID';
}

/** `rke2 certificate check|rotate|rotate-ca`. The configuration file is not read. */
export async function runCertificate(subcommand: string, flags: ParsedFlags): Promise<void> {
  const paths = pathsOf(textOf(flags, 'data-dir', DEFAULT_DATA_DIRECTORY));
  if (subcommand === 'check') return check(flags, paths);
  if (subcommand === 'rotate') return rotate(flags, paths);
  if (subcommand === 'rotate-ca') return rotateAuthorities(flags, paths);
  throw new CommandError(`No help topic for '${subcommand}'`);
}

function check(flags: ParsedFlags, paths: Paths): void {
  const services = chooseServices(flags, paths, 'checking');
  const certificates = services
    .flatMap((service) => filesOf(service, paths))
    .filter((file) => existsSync(`${file}.crt`))
    .flatMap((file) =>
      splitCertificates(readFileSync(`${file}.crt`, 'utf8')).map((pem) =>
        describe(`${basename(file)}.crt`, pem),
      ),
    );
  const format = textOf(flags, 'output', 'text');
  if (format === 'text') for (const entry of certificates) report(entry);
  else if (format === 'json') process.stdout.write(`${JSON.stringify({ Certificates: certificates })}\n`);
  else if (format === 'yaml') process.stdout.write(stringify({ certificates }));
  else if (format === 'table') process.stdout.write(renderTable(certificates));
  else throw new CommandError(`invalid output format ${format}`);
}

function rotate(flags: ParsedFlags, paths: Paths): void {
  const services = chooseServices(flags, paths, 'rotating');
  const seconds = Math.floor(Date.now() / 1000);
  const isServer = existsSync(paths.tls);
  const backup = join(isServer ? paths.server : paths.agent, `tls-${seconds}`);
  if (isServer) cpSync(paths.tls, backup, { recursive: true });
  else makeDirectory(backup, 0o700);
  if (services.includes('rke2-server')) {
    writeFile(join(paths.tls, 'dynamic-cert-regenerate'), '');
    info('Rotating dynamic listener certificate');
  }
  for (const service of services) {
    info(`Rotating certificates for ${service}`);
    for (const file of filesOf(service, paths)) {
      for (const path of [`${file}.crt`, `${file}.key`]) {
        if (path.startsWith(paths.agent) && existsSync(path)) cpSync(path, join(backup, basename(path)));
        rmSync(path, { force: true });
      }
    }
  }
  writeFile(join(paths.data, 'force-restart'), '');
  info(
    `Successfully backed up certificates to ${backup}, please restart rke2 server or agent to rotate certificates`,
  );
}

async function rotateAuthorities(flags: ParsedFlags, paths: Paths): Promise<void> {
  const path = textOf(flags, 'path', join(paths.server, 'rotate-ca'));
  const data = readBootstrapData({ ...paths, server: path });
  const access = await openLocalSupervisor(flags);
  try {
    await sendToSupervisor(access, 'PUT', `/v1-rke2/cert/cacerts?force=${isSet(flags, 'force')}`, data);
  } catch (error) {
    throw new CommandError(`see server log for details: ${reasonOf(error)}`);
  }
  process.stdout.write('certificates saved to datastore\n');
}

function chooseServices(flags: ParsedFlags, paths: Paths, doing: string): readonly string[] {
  const named = listOf(flags, 'service');
  for (const service of named) {
    if (!isService(service)) throw new CommandError(`service ${service} is not recognized`);
  }
  if (named.length > 0) return named;
  const isServer = existsSync(paths.server);
  info(
    isServer
      ? `Server detected, ${doing} agent and server certificates`
      : `Agent detected, ${doing} agent certificates`,
  );
  return servicesOf(isServer);
}

function describe(file: string, pem: string): CertificateInfo {
  const certificate = new X509Certificate(pem);
  const commonName = (name: string): string => /CN=(.*)$/m.exec(name)?.[1] ?? '';
  const notBefore = Date.parse(certificate.validFrom);
  const notAfter = Date.parse(certificate.validTo);
  const now = Date.now();
  const status =
    notBefore > now
      ? 'NOT YET VALID'
      : notAfter < now
        ? 'EXPIRED'
        : notAfter - now < RENEWAL_DAYS * DAY
          ? 'WARNING'
          : 'OK';
  const usages = certificate.ca
    ? ['CertSign']
    : (certificate.keyUsage ?? []).map((usage) => USAGES[usage] ?? usage);
  return {
    Filename: file,
    Subject: commonName(certificate.subject),
    Issuer: commonName(certificate.issuer),
    Usages: usages,
    ExpiryTime: rfc3339(status === 'NOT YET VALID' ? notBefore : notAfter),
    ResidualTime: (notAfter - now) * 1e6,
    Status: status,
  };
}

function report(entry: CertificateInfo): void {
  const what = `${entry.Filename}: certificate ${entry.Subject} (${entry.Usages.join(',')})`;
  if (entry.Status === 'NOT YET VALID') log('error', `${what} is not valid before ${entry.ExpiryTime}`);
  else if (entry.Status === 'EXPIRED') log('error', `${what} expired at ${entry.ExpiryTime}`);
  else if (entry.Status === 'WARNING')
    log('warning', `${what} will expire within ${RENEWAL_DAYS} days at ${entry.ExpiryTime}`);
  else info(`${what} is ok, expires at ${entry.ExpiryTime}`);
}

function renderTable(certificates: readonly CertificateInfo[]): string {
  const titles = ['FILENAME', 'SUBJECT', 'USAGES', 'EXPIRES', 'RESIDUAL TIME', 'STATUS'];
  const rows = certificates.map((entry) => [
    entry.Filename,
    entry.Subject,
    entry.Usages.join(','),
    longDate(entry.ExpiryTime),
    residual(entry.ResidualTime),
    entry.Status,
  ]);
  return `\n${alignColumns([titles, titles.map((title) => '-'.repeat(title.length)), ...rows], 3)}`;
}

function longDate(text: string): string {
  const date = new Date(text);
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][
    date.getUTCMonth()
  ];
  return `${month} ${String(date.getUTCDate()).padStart(2, '0')}, ${date.getUTCFullYear()} ${text.slice(11, 16)} UTC`;
}

function residual(nanoseconds: number): string {
  const days = Math.floor(Math.abs(nanoseconds) / 1e6 / DAY);
  if (days >= 365) return `${Math.floor(days / 365)} year${days >= 730 ? 's' : ''}`;
  if (days >= 30) return `${Math.floor(days / 30)} month${days >= 60 ? 's' : ''}`;
  return `${days} day${days === 1 ? '' : 's'}`;
}

function rfc3339(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z/, 'Z');
}
