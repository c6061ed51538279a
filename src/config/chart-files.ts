import { parse } from 'yaml';
import type { JsonMap } from '../domain/cluster.ts';
import type { Mistake } from './finding.ts';
import { isPlainMap } from './schema/json-map.ts';
import type { SecretContext } from './secret-value.ts';

/** A packed chart beside cluster.yml, in base64; a Mistake says why it cannot be used. */
export function readChartFile(
  written: string,
  context: SecretContext,
): { readonly base64: string } | Mistake {
  const path = context.toAbsolute(written);
  const bytes = context.env.readFile(path);
  if (bytes instanceof Error) return unreadable('The packed chart', path, bytes);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    return {
      code: 'chart-file-kind',
      message: `${path} is not a packed chart: it is no gzip archive.`,
      hint: 'Pack it with `helm package DIRECTORY`, or fetch it with `helm pull`; both give a .tgz.',
    };
  }
  if (bytes.length > LARGEST) {
    return {
      code: 'chart-file-size',
      message: `The packed chart ${path} has ${bytes.length} bytes; an object of Kubernetes holds about 1 MiB.`,
      hint: 'Push it to a registry of yours, and write `chart: oci://…`.',
    };
  }
  return { base64: Buffer.from(bytes).toString('base64') };
}

/** etcd takes requests of 1.5 MiB, and base64 makes four bytes of three. */
const LARGEST = 1_048_576;

/** A YAML file with the values of a chart; a Mistake says why it cannot be used. */
export function readValuesFile(
  written: string,
  context: SecretContext,
): { readonly values: JsonMap } | Mistake {
  const path = context.toAbsolute(written);
  const bytes = context.env.readFile(path);
  if (bytes instanceof Error) return unreadable('The file of values', path, bytes);
  let values: unknown;
  try {
    values = parse(new TextDecoder().decode(bytes), { merge: true });
  } catch (error) {
    const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return {
      code: 'chart-values-file',
      message: `${path} is not YAML: ${reason.replace(/[:.]$/, '')}.`,
      hint: 'Correct it there; `helm lint` with it says more.',
    };
  }
  if (values === null) return { values: {} };
  if (isPlainMap(values)) return { values };
  return {
    code: 'chart-values-file',
    message: `${path} does not hold a map of values.`,
    hint: 'Write it as the chart’s own values.yaml: names, and what is behind them.',
  };
}

function unreadable(what: string, path: string, error: Error): Mistake {
  const code = 'code' in error ? error.code : undefined;
  return {
    code: 'chart-file-missing',
    message: `${what} ${path} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? error.message})`}.`,
    hint: 'Correct the path; a relative one begins in the folder of cluster.yml.',
  };
}
