import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LanguageClient } from '../support/language-client.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const HEAD = '# yaml-language-server: $schema=../../schemas/cluster.schema.json\n';
/** Beside the examples, whose first line this is; the text is given over the protocol, never written. */
const uri = pathToFileURL(join(root, 'examples/minimal/editor.yml')).href;

interface Diagnostics {
  readonly uri: string;
  readonly version?: number;
  readonly diagnostics: readonly {
    readonly message: string;
    readonly severity: number;
    readonly range: { readonly start: { readonly line: number; readonly character: number } };
  }[];
}
interface Completion {
  readonly items: readonly {
    readonly label: string;
    readonly documentation?: string | { readonly value: string };
  }[];
}
interface Hover {
  readonly contents: { readonly value: string };
}

let editor: LanguageClient;
let version = 0;

beforeAll(async () => {
  const packageFile = createRequire(import.meta.url).resolve('yaml-language-server/package.json');
  editor = new LanguageClient(join(dirname(packageFile), 'bin/yaml-language-server'), ['--stdio']);
  const markdown = ['markdown'];
  await editor.request('initialize', {
    processId: process.pid,
    rootUri: pathToFileURL(root).href,
    capabilities: {
      textDocument: {
        completion: { completionItem: { documentationFormat: markdown, snippetSupport: true } },
        hover: { contentFormat: markdown },
        publishDiagnostics: {},
      },
    },
  });
  editor.notify('initialized', {});
  // The catalogue of schemas on the internet stays out: all there is to know stands in the first line of the file.
  const yaml = { schemaStore: { enable: false }, validate: true, completion: true, hover: true };
  editor.notify('workspace/didChangeConfiguration', { settings: { yaml } });
  editor.notify('textDocument/didOpen', {
    textDocument: { uri, languageId: 'yaml', version, text: HEAD },
  });
}, 30_000);

afterAll(() => editor.close());

/** Puts this text below the first line into the editor. */
function type(text: string): void {
  version += 1;
  editor.notify('textDocument/didChange', {
    textDocument: { uri, version },
    contentChanges: [{ text: HEAD + text }],
  });
}

/** What the editor underlines in this text, with lines counted from the first one below the head. */
async function underlined(text: string) {
  const shown = editor.wait<Diagnostics>('textDocument/publishDiagnostics', (params) => params.uri === uri);
  type(text);
  const { diagnostics } = await shown;
  return diagnostics.map(({ message, range, severity }) => ({
    message,
    line: range.start.line,
    kind: severity === 1 ? 'error' : 'warning',
  }));
}

/** Where `|` stands in the text, which is put into the editor without it. */
function at(text: string) {
  const before = text.slice(0, text.indexOf('|')).split('\n');
  type(text.replace('|', ''));
  const position = { line: before.length, character: before.at(-1)?.length ?? 0 };
  return { textDocument: { uri }, position };
}

async function complete(text: string): Promise<ReadonlyMap<string, string>> {
  const { items } = (await editor.request('textDocument/completion', at(text))) as Completion;
  return new Map(
    items.map(({ label, documentation }) => [
      label,
      typeof documentation === 'object' ? documentation.value : (documentation ?? ''),
    ]),
  );
}

async function hover(text: string): Promise<string> {
  const { contents } = (await editor.request('textDocument/hover', at(text))) as Hover;
  return contents.value;
}

const NODES = 'nodes:\n  - address: 10.0.0.11\n    role: [controlplane, etcd, worker]\n';

describe('in an editor with the YAML language server', () => {
  it('a good file has nothing underlined', async () => {
    expect(await underlined(`${NODES}services:\n  kube-api:\n    always_pull_images: true\n`)).toEqual([]);
  });

  it('the keys of services.kube-api are completed, each with what it is for', async () => {
    const keys = await complete(`${NODES}services:\n  kube-api:\n    |\n`);
    for (const key of [
      'service_cluster_ip_range',
      'service_node_port_range',
      'audit_log',
      'always_pull_images',
      'extra_args',
    ])
      expect(keys.get(key), key).toMatch(/\S.*\.$/m);
  });

  it('values are completed where there is a choice', async () => {
    const values = await complete(`${NODES}network:\n  plugin: |\n`);
    expect([...values.keys()]).toEqual(
      expect.arrayContaining(['canal', 'calico', 'cilium', 'flannel', 'none']),
    );
  });

  it('keys of RKE1 without a place are not offered', async () => {
    const keys = await complete(`${NODES}|\n`);
    expect(keys.has('network')).toBe(true);
    expect(keys.has('enable_cri_dockerd')).toBe(false);
  });

  it('a typo is underlined where it stands', async () => {
    const found = await underlined(`${NODES}services:\n  kube-api:\n    allways_pull_images: true\n`);
    expect(found).toEqual([
      { line: 6, kind: 'error', message: 'Property allways_pull_images is not allowed.' },
    ]);
  });

  it('a wrong value is underlined, and a variable is none', async () => {
    const [found] = await underlined(`${NODES}firewall:\n  provider: iptables\n`);
    expect(found).toMatchObject({ line: 5, kind: 'error', message: expect.stringContaining('firewalld') });
    const flags = `${NODES}services:\n  kube-api:\n    always_pull_images: `;
    expect(await underlined(`${flags}"yes"\n`)).toMatchObject([{ line: 6, kind: 'error' }]);
    expect(await underlined(`${flags}\${PULL:-true}\n`)).toEqual([]);
  });

  it('a key of RKE1 without a place is marked, with the reason', async () => {
    // This server shows warnings as errors.
    expect(await underlined(`${NODES}enable_cri_dockerd: true\n`)).toMatchObject([
      { line: 4, message: expect.stringMatching(/^Since RKE1, no meaning: .*containerd/) },
    ]);
    expect(await underlined(`${NODES}rotate_encryption_key: true\n`)).toMatchObject([
      { line: 4, kind: 'error', message: expect.stringMatching(/^Of RKE1, cannot be honoured: .*a command/) },
    ]);
    expect(await underlined(`${NODES}rotate_encryption_key: false\n`)).toEqual([]);
  });

  it('hovering over a key explains it', async () => {
    const words = await hover(`${NODES}network:\n  plu|gin: cilium\n`);
    expect(words).toContain('The CNI.');
    expect(words).toContain('Default: `canal`.');
    expect(words).toContain('becomes `cni` in RKE2’s config.yaml');
  });
});
