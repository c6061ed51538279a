import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StateError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { State } from '../../src/domain/state.ts';
import { decodeState, encodeState } from '../../src/state/codec.ts';
import { createSealer } from '../../src/state/seal.ts';
import { documentChecksum } from '../../src/state/state-document.ts';
import { anyState, PLANTED, sampleState } from './sample-state.ts';

const CHEAP = { n: 2, r: 1, p: 1 };
const FILE = 'cluster.rkestate';

/** A state with its tokens readable, for comparison: two Secrets are never equal by themselves. */
function open(state: State): unknown {
  const { serverToken, agentToken } = state.secrets;
  return { ...state, secrets: [serverToken.reveal(), agentToken.reveal()] };
}

async function failure(promise: Promise<unknown>): Promise<StateError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof StateError) return error;
  throw new Error(`expected a StateError, got ${String(error)}`);
}

/** The text of the sample state with one thing changed and the checksum made to fit again. */
async function tampered(change: (document: Record<string, unknown>) => void): Promise<string> {
  const document: Record<string, unknown> = JSON.parse(await encodeState(sampleState(), null));
  change(document);
  return JSON.stringify({ ...document, checksum: documentChecksum(document) });
}

describe('the state codec', () => {
  it('gives back what was written, but for the secrets of the desired cluster', async () => {
    const state = sampleState();
    const decoded = await decodeState(await encodeState(state, null), FILE, null);
    expect(open(decoded)).toEqual(open(state));
    expect(decoded.desired).toMatchObject({
      nodes: Array.from({ length: 4 }, () => ({
        auth: { key: null, keyPaths: ['/home/ops/.ssh/id_ed25519'] },
      })),
    });
  });

  it('gives back any state, sealed or not', async () => {
    const sealer = createSealer(new Secret('correct horse'), CHEAP);
    await fc.assert(
      fc.asyncProperty(anyState, fc.boolean(), async (state, isSealed) => {
        const used = isSealed ? sealer : null;
        const decoded = await decodeState(await encodeState(state, used), FILE, used);
        expect(open(decoded)).toEqual(open(state));
      }),
    );
  });

  it('writes no secret but the two tokens, and with a passphrase not even those', async () => {
    const plain = await encodeState(sampleState(), null);
    for (const secret of Object.values(PLANTED)) expect(plain).not.toContain(secret);
    expect(plain).toContain('server-token-0123');
    const sealed = await encodeState(sampleState(), createSealer(new Secret('correct horse'), CHEAP));
    for (const secret of [...Object.values(PLANTED), 'server-token', 'agent-token', 'correct horse']) {
      expect(sealed).not.toContain(secret);
    }
  });

  it('has the form of JSON that people can read, header first', async () => {
    const lines = (await encodeState(sampleState(), null)).split('\n');
    expect(lines.slice(0, 4).map((line) => line.split(':')[0])).toEqual([
      '{',
      '  "schemaVersion"',
      '  "clusterId"',
      '  "serial"',
    ]);
    expect(lines[4]).toMatch(/^ {2}"checksum": "sha256:[0-9a-f]{64}",$/);
  });

  it('notices every single changed character that changes the value', async () => {
    const text = await encodeState(sampleState(1), null);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...'x0"{}, \n'), async (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        const decoded = await decodeState(changed, FILE, null).catch((error: unknown) => error);
        if (decoded instanceof StateError) return;
        // White space may change: it is not part of the value.
        expect(JSON.parse(changed)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('never quotes the text of the file in an error', async () => {
    const text = await encodeState(sampleState(), null);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), async (at) => {
        const error = await failure(decodeState(text.slice(0, at), FILE, null));
        expect(error.code).toBe('state-corrupt');
        expect(`${error.message}${error.hint}${String(error.cause)}${error.stack}`).not.toMatch(/token-\d/);
      }),
    );
    const broken = text.replace('server-token-0123"', 'server-token-0123');
    const error = await failure(decodeState(broken, FILE, null));
    expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain('server-token');
  });

  it('refuses to write what it could not read back', async () => {
    const state = { ...sampleState(), serial: -1 };
    await expect(encodeState(state, null)).rejects.toThrow(/`serial`/);
  });
});

describe('an ill state file', () => {
  it.each<[string, string, RegExp]>([
    ['an empty one', '', /is empty/],
    ['white space only', ' \n', /is empty/],
    ['half of one', '{\n  "schemaVersion": 1,\n  "clu', /cut off after 30 characters/],
    ['no JSON at all', 'hello', /not valid JSON/],
    ['zero bytes, as after a power cut', '\0'.repeat(4096), /not valid JSON/],
    ['a JSON list', '[]', /not a state/],
    ['JSON of something else', '{"kind": "Config"}', /schemaVersion/],
    ['a form of its own', '{"schemaVersion": 0}', /schemaVersion/],
    [
      'nesting without end',
      `{"schemaVersion":1,"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      /not a state|not valid/,
    ],
  ])('%s is corrupt, and the hint names the command', async (_name, text, message) => {
    const error = await failure(decodeState(text, FILE, null));
    expect(error).toMatchObject({
      code: 'state-corrupt',
      exitCode: 1,
      message: expect.stringMatching(message),
    });
    expect(error.hint).toContain('rke2ctl state rebuild');
  });

  it('edited by hand: says so, and that changes belong elsewhere', async () => {
    const text = (await encodeState(sampleState(), null)).replace(
      '"clusterName": "prod"',
      '"clusterName": "test"',
    );
    expect(await failure(decodeState(text, FILE, null))).toMatchObject({
      code: 'state-edited',
      hint: expect.stringContaining('cluster.yml'),
    });
  });

  it('edited, with a checksum that fits: names the place and never the value', async () => {
    const text = await tampered((document) => {
      document['secrets'] = { serverToken: 12, agentToken: 'agent-token-4567' };
    });
    const error = await failure(decodeState(text, FILE, null));
    expect(error).toMatchObject({ code: 'state-corrupt', message: expect.stringContaining('`secrets`') });
    expect(error.message).not.toContain('agent-token');
  });

  it('refuses a cluster id that would lead out of the history folder', async () => {
    const text = await tampered((document) => {
      document['clusterId'] = '../../etc/cron.d/x';
    });
    expect(await failure(decodeState(text, FILE, null))).toMatchObject({ code: 'state-corrupt' });
  });

  it('written by a newer rke2ctl: names both forms, before it looks at the checksum', async () => {
    const error = await failure(decodeState('{"schemaVersion": 7, "checksum": "blake3:…"}', FILE, null));
    expect(error).toMatchObject({ code: 'state-newer', hint: expect.stringContaining('rke2ctl@latest') });
    expect(error.message).toMatch(/format 7; this one knows up to 1/);
  });

  it('of RKE1: is told apart, and the hint keeps it', async () => {
    const error = await failure(decodeState('{"desiredState": {}, "currentState": {}}', FILE, null));
    expect(error).toMatchObject({ code: 'state-rke1', hint: expect.stringContaining('mv cluster.rkestate') });
  });

  it('sealed: without a passphrase, with a wrong one, moved into another cluster', async () => {
    const sealed = await encodeState(sampleState(), createSealer(new Secret('right'), CHEAP));
    expect(await failure(decodeState(sealed, FILE, null))).toMatchObject({ code: 'state-sealed' });
    const wrong = createSealer(new Secret('wrong'), CHEAP);
    const error = await failure(decodeState(sealed, FILE, wrong));
    expect(error).toMatchObject({ code: 'state-passphrase-wrong' });
    expect(error.hint).toContain('RKE2CTL_STATE_PASSPHRASE');

    const document: Record<string, unknown> = JSON.parse(sealed);
    const moved = { ...document, clusterId: 'another' };
    const text = JSON.stringify({ ...moved, checksum: documentChecksum(moved) });
    const right = createSealer(new Secret('right'), CHEAP);
    expect(await failure(decodeState(text, FILE, right))).toMatchObject({ code: 'state-passphrase-wrong' });
  });

  it('not sealed: is accepted with a passphrase, so that the next write seals it', async () => {
    const text = await encodeState(sampleState(), null);
    const sealer = createSealer(new Secret('right'), CHEAP);
    expect((await decodeState(text, FILE, sealer)).secrets.serverToken.reveal()).toBe('server-token-0123');
  });
});
