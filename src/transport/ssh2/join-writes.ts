import type { Writable } from 'node:stream';

/**
 * Has what the program writes at one stretch go out as one packet, and what follows from it by promises alone, such as a
 * signature that is there at once. ssh2 writes each of its messages by itself, and every packet wakes the host and costs
 * a system call.
 */
export function joinWrites<S extends Writable>(socket: S): S {
  const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
  let isJoining = false;
  const flush = (): void => {
    isJoining = false;
    socket.uncork();
  };
  socket.write = ((...args: readonly unknown[]): boolean => {
    if (!isJoining) {
      isJoining = true;
      socket.cork();
      process.nextTick(afterPromises, flush);
    }
    return write(...args);
  }) as S['write'];
  return socket;
}

/** Node takes all ticks first, then all promises, then the ticks that have come of them. */
function afterPromises(then: () => void): void {
  queueMicrotask(() => process.nextTick(then));
}
