import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError, type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { CaProblem } from '../../pki/ca-problem.ts';
import { fillCaDirectory, readParentCa } from '../../pki/fill-ca-directory.ts';
import type { ParentCa } from '../../pki/make-cas.ts';
import { type CaTexts, readOwnCas } from '../../pki/read-own-cas.ts';
import { readCaDirectory, writeCaDirectory } from '../ca-directory.ts';
import { findCaller } from '../cluster-source.ts';
import type { GenerateCsrFlags } from '../flags.ts';
import { sayResult } from '../say-result.ts';

/**
 * `rke2ctl cert generate-csr`: keys and requests for each of RKE2's CAs, for signing elsewhere; with the CA's own
 * certificate and key it signs them itself. What is there already stays.
 */
export async function certGenerateCsr(flags: GenerateCsrFlags): Promise<ExitCode> {
  const { certDir } = flags;
  const now = new Date();
  const texts = await readCaDirectory(resolve(certDir));
  const parent = await readParent(flags, texts, now);
  const files = fillCaDirectory(texts, parent, now);
  if (parent !== null) refuseWrong(new Map([...texts, ...files]), certDir, now);
  await writeCaDirectory(resolve(certDir), files, findCaller(process.env));
  sayResult(flags, describe(certDir, files, parent !== null), {
    directory: resolve(certDir),
    written: [...files.keys()].sort(),
    requests: requestsOf(files).map((request) => ({
      request,
      certificate: request.replace(/csr$/, 'crt'),
      key: request.replace(/csr$/, 'key'),
    })),
  });
  return 0;
}

async function readParent(
  { caCert, caKey }: Pick<GenerateCsrFlags, 'caCert' | 'caKey'>,
  beside: CaTexts,
  now: Date,
): Promise<ParentCa | null> {
  if (caCert === undefined && caKey === undefined) return null;
  if (caCert === undefined || caKey === undefined) {
    throw new Rke2ctlError({
      code: 'ca-half-named',
      message: `${caCert === undefined ? '--ca-key goes with --ca-cert' : '--ca-cert goes with --ca-key'}: signing takes both. Nothing was written.`,
      hint: 'Name both, or neither to get requests that are signed elsewhere.',
      exitCode: 3,
    });
  }
  const certificate = { file: caCert, text: await read(caCert) };
  const key = { file: caKey, text: await read(caKey) };
  const parent = readParentCa({ certificate, key, beside }, now);
  if ('code' in parent) throw refuse([parent]);
  return parent;
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new Rke2ctlError({
      code: 'file-unreadable',
      message: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}. Nothing was written.`,
      hint: 'Name files of this machine that you may read.',
      exitCode: 3,
    });
  });
}

/** What would be there is held against what `up` asks of it, before anything is written. */
function refuseWrong(texts: CaTexts, certDir: string, now: Date): void {
  const { cas, problems } = readOwnCas(texts, certDir, now);
  if (cas === null) throw refuse(problems);
}

function refuse(problems: readonly CaProblem[]): ConfigError {
  return new ConfigError('The CAs cannot be made so; nothing was written.', problems);
}

function requestsOf(files: ReadonlyMap<string, string>): readonly string[] {
  return [...files.keys()].filter((name) => name.endsWith('.csr'));
}

function describe(certDir: string, files: ReadonlyMap<string, string>, signed: boolean): string {
  const requests = requestsOf(files);
  const keys = [...files.keys()].filter((name) => name.endsWith('.key')).length;
  const use = `\`certificates: {ca: ${certDir}}\` in cluster.yml has the cluster made with them; \`rke2ctl validate\` looks whether they are right.`;
  const secret = 'Whoever has the keys has the cluster.';
  if (files.size === 0) return `${certDir} has all it needs; nothing was written.\n${use}`;
  if (requests.length === 0 || signed) {
    return [`Wrote ${files.size} files to ${certDir}. ${secret}`, use].join('\n');
  }
  const width = Math.max(...requests.map((name) => name.length));
  return [
    `Wrote ${requests.length} requests and ${keys} keys to ${certDir}. ${secret}`,
    '',
    `  ${'sign this'.padEnd(width)}  and put the certificate here`,
    ...requests.map((name) => `  ${name.padEnd(width)}  ${name.replace(/csr$/, 'crt')}`),
    '',
    'Each is to be a CA’s: basicConstraints=critical,CA:TRUE without a pathlen, keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign, for ten years.',
    'Put the root’s certificate beside them as root-ca.pem, and one between as intermediate-ca.pem.',
    use,
  ].join('\n');
}
