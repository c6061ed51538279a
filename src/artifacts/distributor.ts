import type { NodeKey } from '../domain/cluster.ts';
import { ArtifactError, CancelledError } from '../domain/errors.ts';
import type { Chunk } from '../host/damaged-chunks.ts';
import type { Host } from '../host/host.ts';
import { type Listener, startListener } from '../host/listener.ts';
import { type ByteSource, type Cut, receiveFile } from '../host/receive-file.ts';
import type { Upload } from '../host/run-receive.ts';
import { uploadFile } from '../host/upload.ts';
import { createSemaphore, type Semaphore } from '../lib/semaphore.ts';
import { Blame } from './blame.ts';
import { Change } from './change.ts';
import { type Delivery, giversOf, startDelivery } from './delivery.ts';
import { fetchAnew } from './fetch-anew.ts';
import type { Peer } from './peer.ts';
import { type Choice, Sources } from './sources.ts';
import { UrlTries } from './url-tries.ts';

/** A file that a node has already, whole, as far as the last look told. */
export interface HeldFile {
  readonly peer: Peer;
  readonly sha256: string;
  readonly path: string;
}

export interface DistributorOptions {
  readonly host: (key: NodeKey) => Host;
  /** False when there is nobody to pass anything on to: everything goes straight to its host. */
  readonly isShared: boolean;
  readonly held: readonly HeldFile[];
  /** How many nodes one node serves at once; 0: every file comes from here. */
  readonly fanOut: number;
  /** How many bytes a second one node may give away; null: any number. */
  readonly nodeBytesPerSecond: number | null;
  /** Where firewalld lets peers in; empty for its default zone, null when its rules are not ours. */
  readonly zone: string | null;
  readonly pace?: (bytes: number) => Promise<void>;
  readonly now: () => number;
  /** Told once of each node that cannot fetch from the URL of a file, and why. */
  readonly onUnreached?: (key: NodeKey, url: string, why: string) => void;
}

/** Brings files to nodes, by way of other nodes where they let each other in. */
export interface Distributor {
  /** As `uploadFile`; the host must be connected. */
  deliver(peer: Peer, upload: Upload): Promise<'sent' | 'present'>;
  /** Takes the listeners off the hosts. */
  close(): Promise<void>;
}

/** How many nodes are sent to at once from here; more would only share the line. */
const OPERATOR_SLOTS = 4;
/** How many nodes fetch from a URL at once; with more of them the first ones pass it on. */
const URL_SLOTS = 8;
/** Below that, finding somebody who has it takes longer than sending it. */
const SMALL_BYTES = 1024 * 1024;
/** What `onSource` is told where it is no node. */
const FROM_HERE = 'here';
const FROM_URL = 'its URL';
/** Next to RKE2's own 9345; tried in this order, so that who looks at a packet filter knows what to expect. */
const PORTS = [9344, 9343, 9342];
const TICK_MS = 1_000;
/** So long after the last file listeners stay, as the next may begin at once. */
const IDLE_MS = 2_000;

export function createDistributor(options: DistributorOptions): Distributor {
  return new TreeDistributor(options);
}

class TreeDistributor implements Distributor {
  readonly #options: DistributorOptions;
  readonly #sources: Sources;
  readonly #direct: Semaphore = createSemaphore(OPERATOR_SLOTS);
  readonly #deliveries = new Set<Delivery>();
  readonly #listeners = new Map<NodeKey, Promise<Listener>>();
  readonly #addresses = new Map<NodeKey, string>();
  /** Where a node has a file, by node and hash. */
  readonly #paths = new Map<string, string>();
  readonly #tries: UrlTries;
  readonly #blame = new Blame();
  readonly #change = new Change();
  #ticking: NodeJS.Timeout | null = null;
  #idling: NodeJS.Timeout | null = null;

  constructor(options: DistributorOptions) {
    this.#options = options;
    this.#tries = new UrlTries(options.onUnreached ?? (() => undefined));
    this.#sources = new Sources({
      fanOut: options.fanOut,
      operatorSlots: OPERATOR_SLOTS,
      urlSlots: URL_SLOTS,
    });
    for (const { peer, sha256, path } of options.held) {
      this.#addresses.set(peer.key, peer.address);
      this.#paths.set(`${peer.key} ${sha256}`, path);
      this.#sources.hold(sha256, peer.key);
    }
  }

  async deliver(peer: Peer, upload: Upload): Promise<'sent' | 'present'> {
    const { isShared, fanOut } = this.#options;
    const isAlone = !isShared || fanOut === 0 || upload.sizeBytes < SMALL_BYTES;
    if (isAlone && upload.origin === undefined) return this.#send(peer, upload);
    const delivery = startDelivery(peer, upload);
    this.#begin(delivery);
    try {
      return await this.#receive(delivery);
    } catch (error) {
      this.#sources.drop(upload.sha256, peer.key);
      const isOfOthers = delivery.isDoubtful || delivery.parts.some(({ giver }) => giver !== null);
      if (!(error instanceof ArtifactError) || !isOfOthers) throw error;
      const outcome = await this.#receiveAgain(delivery);
      this.#hold(delivery);
      return outcome;
    } finally {
      this.#end(delivery);
    }
  }

  /** Whoever damaged it on its way, ours is right, and so is what the URL gives from its beginning on. */
  async #receiveAgain({ peer, upload }: Delivery): Promise<'sent' | 'present'> {
    const { origin, signal, ...rest } = upload;
    if (origin === undefined) return this.#send(peer, upload);
    if (this.#tries.whyNot(peer.key) === null)
      return fetchAnew(this.#options.host(peer.key), { ...upload, origin });
    await origin.obtain(signal);
    return this.#send(peer, signal === undefined ? rest : { ...rest, signal });
  }

  async close(): Promise<void> {
    if (this.#ticking !== null) clearInterval(this.#ticking);
    if (this.#idling !== null) clearTimeout(this.#idling);
    this.#ticking = null;
    this.#idling = null;
    const open = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all(open.map((listener) => listener.then((one) => one.close()).catch(() => undefined)));
  }

  /** Straight from here, as long as there are no more than a few at a time. */
  #send(peer: Peer, upload: Upload): Promise<'sent' | 'present'> {
    const { host, pace } = this.#options;
    const paced = pace === undefined ? upload : { ...upload, pace };
    return this.#direct.run(() => {
      upload.onSource?.(FROM_HERE);
      return uploadFile(host(peer.key), paced);
    }, upload.signal);
  }

  async #receive(delivery: Delivery): Promise<'sent' | 'present'> {
    const { host, now, pace } = this.#options;
    const { peer, upload } = delivery;
    const { sha256 } = upload;
    const outcome = await receiveFile(host(peer.key), {
      ...upload,
      ...(pace === undefined ? {} : { pace }),
      onReady: (bytes, sure) => {
        this.#sources.join(sha256, peer.key, bytes, now(), upload.sizeBytes);
        // Nobody is to take what may have to be thrown away.
        if (!sure) this.#sources.silence(peer.key);
        delivery.isDoubtful = !sure;
        this.#change.announce();
      },
      onDamage: (chunks) => this.#accuse(delivery, chunks),
      onProgress: (bytes) => {
        this.#sources.report(sha256, peer.key, bytes, now());
        if (delivery.fetch === 'trying' && bytes > delivery.startBytes) delivery.fetch = 'flowing';
        upload.onProgress?.(bytes);
      },
      nextSource: (bytes, last) => this.#nextSource(delivery, bytes, last),
    });
    if (delivery.fetch !== 'not') this.#tries.succeed(peer.key);
    this.#hold(delivery);
    return outcome;
  }

  #hold({ peer, upload }: Delivery): void {
    this.#sources.hold(upload.sha256, peer.key);
    if (this.#blame.settle(upload.sha256, peer.key)) this.#sources.retire(peer.key);
  }

  #accuse(delivery: Delivery, chunks: readonly Chunk[] | null): void {
    const { sha256 } = delivery.upload;
    const isWhole = (key: NodeKey) => this.#sources.holds(sha256, key);
    const guilty = this.#blame.accuse(sha256, delivery.peer.key, giversOf(delivery, chunks), isWhole);
    for (const key of guilty) this.#sources.retire(key);
  }

  async #nextSource(delivery: Delivery, bytes: number, last: Cut | null): Promise<ByteSource> {
    const { peer, upload } = delivery;
    const { sha256, origin, signal } = upload;
    if (last !== null) this.#sources.lose(sha256, peer.key, last, this.#options.now());
    if (last !== null && delivery.fetch !== 'not') {
      delivery.fetch = 'not';
      await this.#tries.end(peer.key, origin?.url ?? '', bytes > delivery.startBytes, last.why);
    }
    delivery.startBytes = bytes;
    for (;;) {
      this.#change.announce();
      const wait = this.#change.listen();
      if (signal?.aborted) throw new CancelledError();
      const outside = this.#tries.outsideFor(delivery, this.#deliveries);
      const choice = this.#sources.choose(sha256, peer.key, this.#options.now(), outside);
      delivery.leave = new AbortController();
      const leave = delivery.leave.signal;
      if (choice.from === 'url' || choice.from === 'operator')
        delivery.parts.push({ start: bytes, giver: null });
      if (choice.from === 'url' && origin !== undefined) {
        delivery.fetch = 'trying';
        upload.onSource?.(FROM_URL);
        return { kind: 'url', request: origin.request, leave };
      }
      if (choice.from === 'operator') {
        await origin?.obtain(signal);
        upload.onSource?.(FROM_HERE);
        return { kind: 'operator', leave };
      }
      if (choice.from !== 'node') await wait(TICK_MS, signal);
      else {
        const source = await this.#ask(choice, delivery);
        if (source !== null) {
          delivery.parts.push({ start: bytes, giver: choice.key });
          upload.onSource?.(choice.key);
          return { ...source, leave };
        }
        this.#sources.silence(choice.key);
      }
    }
  }

  /** A ticket of that node; null when it has no listener and cannot get one. */
  async #ask(
    { key, isWhole }: Extract<Choice, { from: 'node' }>,
    { peer, upload }: Delivery,
  ): Promise<Omit<Extract<ByteSource, { kind: 'node' }>, 'leave'> | null> {
    try {
      const listener = await this.#listenerOf(key);
      const ticket = await listener.issue({
        peer: peer.address,
        path: this.#paths.get(`${key} ${upload.sha256}`) ?? upload.destination,
        sizeBytes: upload.sizeBytes,
        isWhole,
      });
      return { kind: 'node', address: listener.address, port: listener.port, ...ticket };
    } catch {
      return null;
    }
  }

  #listenerOf(key: NodeKey): Promise<Listener> {
    const known = this.#listeners.get(key);
    if (known !== undefined) return known;
    const { host, nodeBytesPerSecond: rate, fanOut, zone } = this.#options;
    const address = this.#addresses.get(key);
    if (address === undefined) return Promise.reject(new Error(`no address of ${key}`));
    const bytesPerSecond = rate === null ? 0 : Math.max(1, Math.floor(rate / fanOut));
    const listener = Promise.resolve().then(() =>
      startListener(host(key), { address, ports: PORTS, zone, bytesPerSecond }),
    );
    this.#listeners.set(key, listener);
    listener.catch(() => undefined);
    return listener;
  }

  #begin(delivery: Delivery): void {
    const { peer, upload } = delivery;
    this.#addresses.set(peer.key, peer.address);
    this.#paths.set(`${peer.key} ${upload.sha256}`, upload.destination);
    this.#deliveries.add(delivery);
    if (this.#idling !== null) clearTimeout(this.#idling);
    this.#idling = null;
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  #end(delivery: Delivery): void {
    this.#deliveries.delete(delivery);
    this.#tick();
    this.#change.announce();
    if (this.#deliveries.size > 0) return;
    this.#idling = setTimeout(() => void this.close(), IDLE_MS).unref();
  }

  /** Tells those whose source has become worthless to leave it. */
  #tick(): void {
    const files = new Set([...this.#deliveries].map(({ upload }) => upload.sha256));
    for (const file of files) {
      const restless = new Set(this.#sources.restless(file, this.#options.now()));
      for (const { peer, upload, leave } of this.#deliveries) {
        if (upload.sha256 === file && restless.has(peer.key)) leave.abort();
      }
    }
  }
}
