import { microseconds, seconds, type Timestamp } from '../base/time.ts';
import { LINK_TYPE } from '../model/link-type.ts';

const SECOND = seconds(1);
// That many do not come at full seconds, or a microsecond apart each, by chance; a few that somebody made up may.
const MANY_PACKETS = 20;
// Packets of one batch are read one right after another.
const READ_AT_ONCE = microseconds(2);
// Where each packet is logged by two rules, half of them follow another as closely.
const MOST = 0.5;
// What the first thousands of NFLOG's packets show holds for the rest.
const WATCHED = 1 << 12;

/** Whether the times of an input's packets are those when they were seen. */
export class PacketTimes {
  /** No packet so far came at a part of a second after the first. */
  #isWhole = true;
  /** Each so far came as long after the one before as the next. */
  #isEven = true;
  #packets = 0;
  #atOnce = 0;
  #last = Number.NaN;
  #step = Number.NaN;
  #isOpen = true;
  #isLogged = false;

  /** Costs a look at one field once all is told, which mostly is after three packets. */
  push(time: Timestamp, linkType: number): void {
    if (this.#isOpen) this.#look(time, linkType);
  }

  #look(time: Timestamp, linkType: number): void {
    if (linkType === LINK_TYPE.nflog) this.#isLogged = true;
    if (time % SECOND !== 0) this.#isWhole = false;
    if (this.#packets > 0) {
      const step = time - this.#last;
      if (step <= READ_AT_ONCE) this.#atOnce++;
      if (this.#packets > 1 && step !== this.#step) this.#isEven = false;
      this.#step = step;
    }
    this.#last = time;
    this.#packets++;
    this.#isOpen = this.#isWhole || this.#isEven || (this.#isLogged && this.#packets < WATCHED);
  }

  /** Why nothing can be measured by them, in words; null where it can. */
  fault(): string | null {
    if (this.#packets < MANY_PACKETS) return null;
    if (this.#isEven && this.#step > 0 && this.#step <= microseconds(1)) return MADE_UP;
    // Of some that are all one time nothing is known.
    if (this.#isWhole && !(this.#isEven && this.#step === 0)) return ROUNDED;
    return this.#isLogged && this.#atOnce > MOST * this.#packets ? BATCHED : null;
  }
}

const ROUNDED =
  'its times are rounded to seconds: nothing can be measured; use the file as it was captured, or capture again';
// text2pcap without -t counts up (Wireshark's ui/text_import.c).
const MADE_UP =
  'its times are made up, each packet as long after another (text2pcap without -t does that): nothing can be measured; ' +
  'use the file as it was captured, or capture again';
// The kernel hands messages over once its buffer is full or a second has passed (nfnetlink_log.c), and libpcap takes that time.
const BATCHED =
  'iptables’ NFLOG handed its packets over in batches, up to 1 s late, and their times are of then: nothing can be measured; ' +
  'capture on the interfaces: tcpdump -i any -s 0 -w out.pcap';
