import type { BuiltPacket } from './build-pcap.ts';

/** Options of a block: code and value. */
export type Options = readonly (readonly [code: number, value: Uint8Array])[];

/** Writes pcapng blocks of one section in one byte order. */
export class PcapngBuilder {
  readonly #little: boolean;
  readonly #blocks: Uint8Array[] = [];

  constructor(little = true) {
    this.#little = little;
    this.section();
  }

  section(): this {
    const body = new DataView(new ArrayBuffer(16));
    body.setUint32(0, 0x1a2b3c4d, this.#little);
    body.setUint16(4, 1, this.#little);
    body.setInt32(8, -1);
    body.setInt32(12, -1);
    return this.block(0x0a0d0d0a, bytesOf(body));
  }

  /** @param resolution the if_tsresol byte; 10^-6 where not given */
  interface(
    linkType: number,
    options: { resolution?: number; offsetSeconds?: bigint; snapLength?: number } = {},
  ): this {
    const body = new DataView(new ArrayBuffer(8));
    body.setUint16(0, linkType, this.#little);
    body.setUint32(4, options.snapLength ?? 0, this.#little);
    const extra: [number, Uint8Array][] = [];
    if (options.resolution !== undefined) extra.push([9, Uint8Array.of(options.resolution)]);
    if (options.offsetSeconds !== undefined) {
      const value = new DataView(new ArrayBuffer(8));
      value.setBigInt64(0, options.offsetSeconds, this.#little);
      extra.push([14, bytesOf(value)]);
    }
    return this.block(1, Buffer.concat([bytesOf(body), this.#options(extra)]));
  }

  /** @param ticks the time in units of the interface */
  enhanced(
    index: number,
    ticks: bigint,
    packet: Pick<BuiltPacket, 'data' | 'wireLength'>,
    options: Options = [],
  ): this {
    const head = new DataView(new ArrayBuffer(20));
    head.setUint32(0, index, this.#little);
    this.#time(head, 4, ticks);
    this.#lengths(head, 12, packet);
    return this.block(6, Buffer.concat([bytesOf(head), padded(packet.data), this.#options(options)]));
  }

  obsolete(index: number, drops: number, ticks: bigint, packet: Pick<BuiltPacket, 'data' | 'wireLength'>): this {
    const head = new DataView(new ArrayBuffer(20));
    head.setUint16(0, index, this.#little);
    head.setUint16(2, drops, this.#little);
    this.#time(head, 4, ticks);
    this.#lengths(head, 12, packet);
    return this.block(2, Buffer.concat([bytesOf(head), padded(packet.data)]));
  }

  simple(packet: Pick<BuiltPacket, 'data' | 'wireLength'>): this {
    const head = new DataView(new ArrayBuffer(4));
    head.setUint32(0, packet.wireLength ?? packet.data.length, this.#little);
    return this.block(3, Buffer.concat([bytesOf(head), padded(packet.data)]));
  }

  statistics(
    index: number,
    ticks: bigint,
    values: { end?: bigint; interfaceDropped?: bigint; systemDropped?: bigint },
  ) {
    const head = new DataView(new ArrayBuffer(12));
    head.setUint32(0, index, this.#little);
    this.#time(head, 4, ticks);
    const options: [number, Uint8Array][] = [];
    if (values.end !== undefined) {
      const value = new DataView(new ArrayBuffer(8));
      this.#time(value, 0, values.end);
      options.push([3, bytesOf(value)]);
    }
    if (values.interfaceDropped !== undefined) options.push([5, this.count(values.interfaceDropped)]);
    if (values.systemDropped !== undefined) options.push([7, this.count(values.systemDropped)]);
    return this.block(5, Buffer.concat([bytesOf(head), this.#options(options)]));
  }

  /** A 64-bit count as an option's value. */
  count(value: bigint): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, value, this.#little);
    return bytesOf(view);
  }

  /** Any block; lengths can be made to lie. */
  block(type: number, body: Uint8Array, lies: { length?: number; trailer?: number } = {}): this {
    const length = 12 + body.length;
    const head = new DataView(new ArrayBuffer(8));
    head.setUint32(0, type, this.#little);
    head.setUint32(4, lies.length ?? length, this.#little);
    const tail = new DataView(new ArrayBuffer(4));
    tail.setUint32(0, lies.trailer ?? lies.length ?? length, this.#little);
    this.#blocks.push(Buffer.concat([bytesOf(head), body, bytesOf(tail)]));
    return this;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#blocks);
  }

  #time(view: DataView, at: number, ticks: bigint): void {
    view.setUint32(at, Number((ticks >> 32n) & 0xffffffffn), this.#little);
    view.setUint32(at + 4, Number(ticks & 0xffffffffn), this.#little);
  }

  #lengths(view: DataView, at: number, packet: Pick<BuiltPacket, 'data' | 'wireLength'>): void {
    view.setUint32(at, packet.data.length, this.#little);
    view.setUint32(at + 4, packet.wireLength ?? packet.data.length, this.#little);
  }

  #options(options: Options): Uint8Array {
    if (options.length === 0) return new Uint8Array(0);
    const parts = options.map(([code, value]) => Buffer.concat([this.#optionHead(code, value.length), padded(value)]));
    return Buffer.concat([...parts, this.#optionHead(0, 0)]);
  }

  #optionHead(code: number, length: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint16(0, code, this.#little);
    view.setUint16(2, length, this.#little);
    return bytesOf(view);
  }
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const padded = (data: Uint8Array): Uint8Array => Buffer.concat([data, new Uint8Array(-data.length & 3)]);
