import type { Writable } from 'node:stream';

/**
 * Has what the program writes at one stretch go out as one packet. ssh2 writes each of its messages by itself, and every
 * packet wakes the host and costs a system call.
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
      process.nextTick(flush);
    }
    return write(...args);
  }) as S['write'];
  return socket;
}
