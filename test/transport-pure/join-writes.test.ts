import { once } from 'node:events';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { joinWrites } from '../../src/transport/ssh2/join-writes.ts';

/** A stream that notes what reaches the system in one go. */
function createSocket(): { readonly socket: Writable; readonly packets: string[] } {
  const packets: string[] = [];
  const socket = new Writable({
    write(chunk: Buffer, _encoding, done) {
      packets.push(chunk.toString());
      done();
    },
    writev(chunks, done) {
      packets.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  return { socket: joinWrites(socket), packets };
}

test('what is written at one stretch goes out together, in its order', async () => {
  const { socket, packets } = createSocket();
  for (const word of ['a', 'b', 'c']) socket.write(Buffer.from(word));
  expect(packets).toEqual([]);
  await Promise.resolve();
  await new Promise(setImmediate);
  expect(packets).toEqual(['abc']);
  socket.write(Buffer.from('d'));
  await new Promise(setImmediate);
  expect(packets).toEqual(['abc', 'd']);
});

test('what comes of it by promises alone goes along, and nothing that had to be waited for', async () => {
  const { socket, packets } = createSocket();
  const sign = async (): Promise<Buffer> => Buffer.from(await Promise.resolve('signed'));
  socket.write(Buffer.from('a '));
  void sign().then((signature) => socket.write(signature));
  setImmediate(() => socket.write(Buffer.from('late')));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(packets).toEqual(['a signed', 'late']);
});

test('an end takes all of it along', async () => {
  const { socket, packets } = createSocket();
  socket.write(Buffer.from('a'));
  socket.write(Buffer.from('b'));
  socket.end();
  await once(socket, 'finish');
  expect(packets).toEqual(['ab']);
});

test('the callback of a write comes once it is out', async () => {
  const { socket, packets } = createSocket();
  const out = await new Promise<string[]>((resolve) => {
    socket.write(Buffer.from('a'), () => resolve([...packets]));
    socket.write(Buffer.from('b'));
  });
  expect(out).toEqual(['ab']);
});
