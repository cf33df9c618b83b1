import type { ByteSource } from './byte-source.ts';
import type { ByteWindow } from './byte-window.ts';

/** Bytes made of those of another source, of which it says the rest. */
export abstract class WindowSource implements ByteSource {
  protected readonly window: ByteWindow;

  constructor(window: ByteWindow) {
    this.window = window;
  }

  abstract read(target: Uint8Array, start: number): Promise<number>;

  get bytesRead(): number {
    return this.window.source.bytesRead;
  }

  get bytesTotal(): number | null {
    return this.window.source.bytesTotal;
  }

  get trouble(): string | null {
    return this.window.source.trouble;
  }

  close(): void {
    this.window.source.close();
  }
}
