import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLost, listBelow } from '../../src/config/find-key.ts';
import { LanguageClient } from '../support/language-client.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const HEAD = '# yaml-language-server: $schema=../../schemas/cluster.schema.json\n';

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
let opened = 0;

beforeAll(async () => {
  const require = createRequire(import.meta.url);
  editor = new LanguageClient(require.resolve('yaml-language-server/bin/yaml-language-server'), ['--stdio']);
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
}, 30_000);

afterAll(() => editor.close());

/** A file that nobody has seen yet, beside the examples, whose first line it has; it is never written to the disk. */
function newFile(): string {
  opened += 1;
  return pathToFileURL(join(root, `examples/minimal/editor-${opened}.yml`)).href;
}

function open(uri: string, text: string): void {
  const textDocument = { uri, languageId: 'yaml', version: 1, text: HEAD + text };
  editor.notify('textDocument/didOpen', { textDocument });
}

/** What the editor underlines in this text; the first line below the head is 1. */
async function underlined(text: string) {
  const uri = newFile();
  const shown = editor.wait<Diagnostics>('textDocument/publishDiagnostics', (params) => params.uri === uri);
  open(uri, text);
  const { diagnostics } = await shown;
  return diagnostics.map(({ message, range, severity }) => ({
    message,
    line: range.start.line,
    kind: severity === 1 ? 'error' : 'warning',
  }));
}

/** Where `|` stands in the text, which is opened without it. */
function at(text: string) {
  const uri = newFile();
  const before = text.slice(0, text.indexOf('|')).split('\n');
  open(uri, text.replace('|', ''));
  return { textDocument: { uri }, position: { line: before.length, character: before.at(-1)?.length ?? 0 } };
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
    const rows = listBelow('services.kube-api').filter((row) => !isLost(row));
    expect(rows.length).toBeGreaterThan(8);
    for (const { path } of rows)
      expect(keys.get(path.replace('services.kube-api.', '')), path).toMatch(/\w.*\.$/m);
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
