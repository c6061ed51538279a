import { describe, expect, it } from 'vitest';
import { HostSessions, type OpenedHost } from '../../src/cli/host-sessions.ts';
import {
  AuthError,
  CancelledError,
  ConnectError,
  ConnectionLostError,
  LockedError,
} from '../../src/domain/errors.ts';
import type { RunEvent } from '../../src/domain/event.ts';
import { NO_RKE2 } from '../../src/domain/no-rke2.ts';
import type { ApiNode, HostObservation } from '../../src/domain/observed.ts';
import type { Host } from '../../src/host/host.ts';
import { makeNode } from '../support/make-cluster.ts';
import { makeFacts } from '../support/make-facts.ts';

const A = makeNode('10.0.0.1', ['etcd', 'controlplane']);
const B = makeNode('10.0.0.2', ['worker']);
const REFUSED = new ConnectError({ code: 'connection-refused', message: 'refused', hint: 'look' });
const never = new AbortController().signal;

function opened(close: () => Promise<void> = async () => undefined, lost = never): OpenedHost {
  return { host: { target: 'x' } as Host, facts: makeFacts(), askForNodes: async () => [], lost, close };
}

/** Sessions whose connections are made by `open`, and what they told. */
function sessions(open: (key: string) => Promise<OpenedHost>) {
  const events: RunEvent[] = [];
  const all = new HostSessions(
    [A, B],
    (node) => open(node.key),
    (event) => events.push(event),
  );
  return { all, types: () => events.map((event) => event.type) };
}

describe('observing', () => {
  it('keeps those that answered beside those that did not, with the reason', async () => {
    const { all, types } = sessions(async (key) => {
      if (key === B.key) throw REFUSED;
      return opened();
    });
    const { hosts } = await all.observe(10, never);
    expect(hosts[A.key]).toMatchObject({ reachable: true });
    expect(hosts[B.key]).toMatchObject({ reachable: false, error: { code: 'connection-refused' } });
    expect(
      types()
        .filter((type) => type !== 'host-connecting')
        .sort(),
    ).toEqual(['host-probed', 'host-unreachable']);
    expect(() => all.get(B.key)).toThrow(ConnectError);
  });

  describe('all Nodes', () => {
    const server = (nodes: readonly ApiNode[] | null, apiAnswers: boolean) =>
      makeFacts({ rke2: { ...NO_RKE2, apiAnswers, nodes } });
    const node = { name: 'n1' } as ApiNode;
    const withNodes = (each: HostObservation | undefined) =>
      each?.reachable === true ? each.facts.rke2.nodes : undefined;

    it('are asked for once more where the server that was to tell of them does not', async () => {
      let asked = 0;
      const { all } = sessions(async (key) => ({
        ...opened(),
        facts: server(null, key === B.key),
        askForNodes: async () => {
          asked += 1;
          return [node];
        },
      }));
      const { hosts } = await all.observe(10, never);
      expect([asked, withNodes(hosts[A.key]), withNodes(hosts[B.key])]).toEqual([1, null, [node]]);
    });

    it('are asked for by nobody where they have been told, or no API server answers', async () => {
      for (const facts of [server([], true), server(null, false)]) {
        const askForNodes = () => Promise.reject(new Error('nobody should ask'));
        const { all } = sessions(async () => ({ ...opened(), facts, askForNodes }));
        const { hosts } = await all.observe(10, never);
        expect(withNodes(hosts[B.key])).toBe(facts.rke2.nodes);
      }
    });

    it('stay unknown where the API falls silent before it is asked, and no further', async () => {
      const facts = server(null, true);
      const silent = async () => {
        throw REFUSED;
      };
      const { all } = sessions(async (key) => ({
        ...opened(),
        facts,
        askForNodes: key === A.key ? silent : async () => [node],
      }));
      const { hosts } = await all.observe(10, never);
      expect([withNodes(hosts[A.key]), withNodes(hosts[B.key])]).toEqual([null, [node]]);
      const { all: mute } = sessions(async () => ({ ...opened(), facts, askForNodes: silent }));
      expect(withNodes((await mute.observe(10, never)).hosts[B.key])).toBeNull();
    });

    it('are not worth waiting for once the person wants to stop', async () => {
      const stop = new AbortController();
      const { all } = sessions(async () => ({
        ...opened(),
        facts: server(null, true),
        askForNodes: async () => {
          stop.abort();
          throw new CancelledError();
        },
      }));
      await expect(all.observe(10, stop.signal)).rejects.toBeInstanceOf(CancelledError);
    });
  });

  it('lets nobody wait for one that does not answer, however narrow the window', async () => {
    let answer: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { all } = sessions(async (key) => {
      if (key === A.key) await late;
      else answer();
      return opened();
    });
    const { hosts } = await all.observe(1, never);
    expect(hosts[A.key]?.reachable).toBe(true);
  });

  it('looks last at addresses beside the file, where a machine of the file may answer as well', async () => {
    const same = new ConnectError({ code: 'same-machine', message: 'it is A', hint: '', retryable: true });
    const asked: string[] = [];
    const { all, types } = sessions(async (key) => {
      asked.push(key);
      if (key === '10.0.0.9:22') throw same;
      return opened();
    });
    all.add([makeNode('10.0.0.9', ['worker'])]);
    const { hosts } = await all.observe(10, never);
    expect(asked).toEqual([A.key, B.key, '10.0.0.9:22']);
    expect(hosts['10.0.0.9:22']).toMatchObject({ reachable: false, error: { code: 'same-machine' } });
    expect(types()).not.toContain('host-unreachable');
  });

  it.each([new LockedError('ops holds it', 'wait'), new CancelledError(), new TypeError('oops')])(
    'ends with %s, once all others have been heard, so that none is left open',
    async (error) => {
      let closed = 0;
      const { all } = sessions(async (key) => {
        if (key === A.key) throw error;
        return opened(async () => {
          closed += 1;
        });
      });
      await expect(all.observe(10, never)).rejects.toBe(error);
      await all.close();
      expect(closed).toBe(1);
    },
  );

  it('opens no more connections at once than it is told', async () => {
    let open = 0;
    let most = 0;
    const { all } = sessions(async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open -= 1;
      return opened();
    });
    await all.observe(1, never);
    expect(most).toBe(1);
  });
});

describe('after a lost connection', () => {
  it('connects anew, once for all who ask, also when the old connection does not close well', async () => {
    let opens = 0;
    const { all } = sessions(async () => {
      opens += 1;
      return opened(() => Promise.reject(new Error('already gone')));
    });
    await all.observe(10, never);
    opens = 0;
    expect(await Promise.all([all.recover(A.key, never), all.recover(A.key, never)])).toEqual([true, true]);
    expect(opens).toBe(1);
    await all.close();
  });

  it('works on no host whose lock is lost, until it is taken anew', async () => {
    const lock = new AbortController();
    const locks = [lock.signal];
    const { all } = sessions(async (key) => opened(undefined, key === A.key ? locks.shift() : undefined));
    await all.observe(10, never);
    expect(all.get(A.key).target).toBe('x');
    lock.abort();
    expect(() => all.get(A.key)).toThrow(ConnectionLostError);
    expect(await all.recover(A.key, never)).toBe(true);
    expect(all.get(A.key).target).toBe('x');
  });

  it('waits for our own lock to fall, not for somebody who refuses us', async () => {
    const errors: Error[] = [new LockedError('our own old connection', 'wait')];
    const { all } = sessions(async () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return opened();
    });
    expect(await all.recover(A.key, never)).toBe(true);
    errors.push(new AuthError({ code: 'auth', message: 'no', hint: '' }));
    expect(await all.recover(A.key, never)).toBe(false);
    expect(() => all.get(A.key)).toThrow(ConnectError);
  });
});
