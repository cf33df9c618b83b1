/** What of another tool's a text is, where it is none of tcpdump's, and what to do instead. */

interface Foreign {
  readonly looks: RegExp;
  readonly what: string;
  readonly advice: string;
}

// So much is looked at: what a text is shows in its first lines.
const SAMPLE_BYTES = 16_384;

const SAVE_PACKETS = 'give the capture itself: in Wireshark File → Save As, tshark -w FILE';
const CAPTURE = 'it holds no packets: capture them with: tcpdump -i any -s 0 -w out.pcap';

const TEXTS: readonly Foreign[] = [
  {
    // Its first bytes are those of a pcap, a pcapng or a gzip.
    looks: /^(1MOyoQ|TTyyoQ|obLD1A|obI8TQ|Cg0NC|H4sI)[\w+/\r\n=]*$/,
    what: 'a capture in base64',
    advice: 'decode it first: base64 -d FILE > capture.pcap',
  },
  {
    looks: /^\s*"?No\.(",|\s+)"?Time\b|^ *\d+ +\d+\.\d+ +\S+ +(→|->) +\S+ +\S/mu,
    what: 'the packet list of Wireshark or tshark',
    advice: SAVE_PACKETS,
  },
  {
    looks: /^Frame \d+: \d+ bytes on wire/m,
    what: 'packet details of Wireshark or tshark (-V)',
    advice: SAVE_PACKETS,
  },
  { looks: /<(pdml|psml)\b/, what: 'PDML or PSML of Wireshark or tshark', advice: SAVE_PACKETS },
  { looks: /"_index" ?: ?"packets-/, what: 'JSON of Wireshark or tshark', advice: SAVE_PACKETS },
  {
    looks: /\[Microsoft-Windows-PktMon\]/,
    what: 'the text of pktmon',
    advice: 'turn its .etl into a capture: pktmon etl2pcap FILE.etl --out FILE.pcapng',
  },
  {
    looks: /^[0-9a-f]{4,8}[: ] ?([0-9a-f]{2} ){8}/im,
    what: 'a hex dump of packets',
    advice: `a capture made of it would have no times; ${SAVE_PACKETS}`,
  },
  {
    looks: /(to|from)-(endpoint|stack|overlay|network|proxy) (FORWARDED|DROPPED)|"verdict" ?: ?"(FORWARDED|DROPPED)/,
    what: "Cilium's log of flows (hubble)",
    advice: CAPTURE,
  },
  {
    looks: /^(->|<-|xx) (endpoint|stack|overlay|network|proxy|drop) .*flow 0x/m,
    what: "Cilium's monitor",
    advice: CAPTURE,
  },
  { looks: /^2 \d{12} eni-[0-9a-f]+ /m, what: "AWS's flow logs", advice: CAPTURE },
  { looks: /^\{\s*"log" ?: ?\{\s*"version"/, what: "a browser's HAR", advice: CAPTURE },
  { looks: /^apiVersion: ?\S/m, what: 'a Kubernetes manifest', advice: 'give it with -m: kubelag CAPTURE -m FILE' },
];

/** @returns what it is and what to do, in words; null where it is nothing that is known */
export function foreignText(bytes: Uint8Array): string | null {
  const sample = Buffer.from(bytes.subarray(0, SAMPLE_BYTES))
    .toString('utf8')
    .replace(/^\u{feff}/u, '');
  const found = TEXTS.find(({ looks }) => looks.test(sample));
  return found === undefined ? null : `${found.what}; ${found.advice}`;
}
