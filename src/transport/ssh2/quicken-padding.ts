import { randomFillSync } from 'node:crypto';
import type { Client } from 'ssh2';

/** What ssh2 makes and encrypts packets with. None of it is promised by ssh2. */
interface Cipher {
  /** A packet with its head and its padding, and room for so many bytes of payload. */
  allocPacket?: (payloadLength: number) => Buffer;
}

/** The length of all that follows, and the length of the padding: what stands before the payload. */
const HEAD_BYTES = 4 + 1;

/** RFC 4253, 6. */
const LEAST_PADDING = 4;

/** Packets before there are keys fill blocks of 8 bytes (RFC 4253, 6), and of AES-GCM of 16, not counting the first four (RFC 5647, 7.2). */
const FORMS = [packetsOf({ block: 8, before: 0 }), packetsOf({ block: 16, before: 4 })];

const quickened = new WeakSet<object>();

/**
 * Has ssh2 take the padding of its packets from a store of random bytes. It asks the system for each packet's dozen, which
 * takes longer than encrypting the packet: a tenth of a millisecond and more for each host. Takes a client that has begun to
 * connect or has just made its keys; what it finds there holds for all clients after it. An ssh2 that makes its packets
 * otherwise works as before.
 */
export function quickenPadding(client: Client): void {
  const { _protocol: protocol } = client as unknown as { readonly _protocol?: { readonly _cipher?: Cipher } };
  const cipher = protocol?._cipher;
  const kind = cipher ? (Object.getPrototypeOf(cipher) as Cipher | null) : null;
  if (kind === null || quickened.has(kind)) return;
  quickened.add(kind);
  const { allocPacket: theirs } = kind;
  if (!Object.hasOwn(kind, 'allocPacket') || typeof theirs !== 'function') return;
  const form = FORMS.find((ours) => isSameForm(ours, theirs));
  if (form !== undefined) kind.allocPacket = form;
}

type AllocPacket = (payloadLength: number) => Buffer;

/** Whether packets of any length have the same head and length, whichever cipher of that kind makes them. */
function isSameForm(ours: AllocPacket, theirs: AllocPacket): boolean {
  try {
    for (let length = 0; length <= 64; length += 1) {
      const own = ours(length);
      const packet = theirs.call(NO_CIPHER, length);
      if (packet.length !== own.length || packet.compare(own, 0, HEAD_BYTES, 0, HEAD_BYTES) !== 0)
        return false;
    }
    return true;
  } catch {
    return false; // it asks its cipher for something
  }
}

const NO_CIPHER = Object.freeze({});

function packetsOf({ block, before }: { readonly block: number; readonly before: number }): AllocPacket {
  return (payloadLength) => {
    const least = HEAD_BYTES + payloadLength + LEAST_PADDING;
    const length = before + Math.ceil((least - before) / block) * block;
    const packet = Buffer.allocUnsafe(length);
    packet.writeUInt32BE(length - 4, 0);
    packet[4] = length - HEAD_BYTES - payloadLength;
    takeRandom(packet, HEAD_BYTES + payloadLength);
    return packet;
  };
}

const store = Buffer.alloc(8192);
let taken = store.length;

/** Fills a packet from there to its end with random bytes that nothing else gets. */
function takeRandom(packet: Buffer, start: number): void {
  const end = taken + packet.length - start;
  if (end <= store.length) {
    store.copy(packet, start, taken, end);
    taken = end;
    return;
  }
  randomFillSync(store);
  taken = 0;
  takeRandom(packet, start);
}
