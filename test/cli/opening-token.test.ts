import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  findOpeningToken,
  idOfToken,
  tokenOfState,
  withServerToken,
} from '../../src/cli/restore/opening-token.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createState } from '../../src/state/create-state.ts';

const PRESENT = new Secret('K10'.concat('a'.repeat(64), '::server:present'));
const NEXT = new Secret('next');
const OLD = new Secret('old');
const base = createState('lab', randomBytes);
const rotating = {
  ...base,
  secrets: {
    serverToken: PRESENT,
    agentToken: new Secret('agents'),
    next: { serverToken: NEXT, agentToken: new Secret('agents of next') },
    former: [{ serverToken: OLD, until: 5 }],
  },
};

describe('the token that opens a snapshot', () => {
  it('is found by its id, whether it is the present one, one of before, or one that a rotation was bringing in', () => {
    for (const token of [PRESENT, NEXT, OLD])
      expect(tokenOfState(rotating, idOfToken(token))?.reveal()).toBe(token.reveal());
    expect(tokenOfState(rotating, 'ffffffffffff')).toBeNull();
  });

  it('is never another one than was given', () => {
    const snapshot = { name: 'gold', tokenIds: [idOfToken(OLD)] };
    expect(findOpeningToken(rotating, null, snapshot).reveal()).toBe('old');
    expect(() => findOpeningToken(rotating, NEXT, snapshot)).toThrow(/does not open gold/);
    const foreign = { name: 'gold', tokenIds: ['ffffffffffff'] };
    expect(() => findOpeningToken(rotating, null, foreign)).toThrow(/another cluster's/);
  });
});

describe('the tokens of a state that goes back to one of before', () => {
  const ids = (secrets: ReturnType<typeof withServerToken>) =>
    [secrets.serverToken, ...(secrets.former ?? []).map(({ serverToken }) => serverToken)].map(idOfToken);

  it('none is lost, and none stands there twice', () => {
    for (const token of [PRESENT, NEXT, OLD]) {
      const secrets = withServerToken(rotating.secrets, token, 9);
      expect(ids(secrets)[0]).toBe(idOfToken(token));
      expect(ids(secrets).toSorted()).toEqual([PRESENT, NEXT, OLD].map(idOfToken).toSorted());
      expect(secrets.next).toBeUndefined();
    }
  });

  it('agents get the token that belongs to it', () => {
    expect(withServerToken(rotating.secrets, NEXT, 9).agentToken.reveal()).toBe('agents of next');
    expect(withServerToken(rotating.secrets, OLD, 9).agentToken.reveal()).toBe('agents');
  });

  it('nothing changes where it is the present one', () => {
    const { next: _none, ...secrets } = rotating.secrets;
    expect(withServerToken(secrets, PRESENT, 9)).toBe(secrets);
  });
});
