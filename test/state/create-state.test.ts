import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeState, encodeState } from '../../src/state/codec.ts';
import { createState } from '../../src/state/create-state.ts';

describe('createState', () => {
  it('makes an identity and two tokens of 32 random bytes each', async () => {
    const sizes: number[] = [];
    const state = createState('prod', (size) => {
      sizes.push(size);
      return randomBytes(size);
    });
    const { serverToken, agentToken } = state.secrets;
    expect(serverToken.reveal()).toMatch(/^[0-9a-f]{64}$/);
    expect(agentToken.reveal()).toMatch(/^[0-9a-f]{64}$/);
    expect(serverToken.reveal()).not.toBe(agentToken.reveal());
    expect(state.clusterId).toMatch(/^[0-9a-f]{32}$/);
    expect(sizes).toEqual([32, 32, 16]);
    expect((await decodeState(await encodeState(state, null), 'f', null)).clusterName).toBe('prod');
  });

  it('takes all its randomness from the source it is given', () => {
    const counter = (): ((size: number) => Uint8Array) => {
      let next = 0;
      return (size) =>
        Uint8Array.from({ length: size }, () => {
          next += 1;
          return next % 256;
        });
    };
    const [a, b] = [createState('x', counter()), createState('x', counter())];
    expect(a.clusterId).toBe(b.clusterId);
    expect(a.secrets.serverToken.reveal()).toBe(b.secrets.serverToken.reveal());
  });

  it('refuses a source that gives the agents the servers’ token', () => {
    expect(() => createState('x', (size) => new Uint8Array(size))).toThrow(/same bytes twice/);
  });
});
