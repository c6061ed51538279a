import { describe, expect, it } from 'vitest';
import { createSemaphore } from '../../src/lib/semaphore.ts';

describe('createSemaphore', () => {
  it('lets no more in than there are places, in the order in which they came', async () => {
    const semaphore = createSemaphore(2);
    const order: number[] = [];
    let most = 0;
    const work = (id: number) => async () => {
      order.push(id);
      most = Math.max(most, semaphore.taken);
      await new Promise((resolve) => setTimeout(resolve, 2));
    };
    await Promise.all([1, 2, 3, 4, 5].map((id) => semaphore.run(work(id))));
    expect(order).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
    expect(semaphore.taken).toBe(0);
  });

  it('gives the place back when the work fails', async () => {
    const semaphore = createSemaphore(1);
    await expect(semaphore.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(semaphore.run(async () => 'yes')).resolves.toBe('yes');
  });

  it('does not count a place twice when it is given back twice', async () => {
    const semaphore = createSemaphore(1);
    const leave = await semaphore.acquire();
    leave();
    leave();
    const first = await semaphore.acquire();
    let entered = false;
    const second = semaphore.acquire().then(() => {
      entered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(entered).toBe(false);
    first();
    await second;
  });

  it('takes one that is stopped out of the line', async () => {
    const semaphore = createSemaphore(1);
    const leave = await semaphore.acquire();
    const stop = new AbortController();
    const waiting = semaphore.acquire(stop.signal);
    const next = semaphore.acquire();
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    leave();
    (await next)();
    expect(semaphore.taken).toBe(0);
    await expect(semaphore.acquire(AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
  });

  it('refuses to be made without a place', () => {
    expect(() => createSemaphore(0)).toThrow(RangeError);
  });
});
