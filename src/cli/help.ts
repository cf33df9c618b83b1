import { Help, type Command, type Option } from 'commander';
import { formatCount } from '../base/text.ts';
import { MAX_HELD_ROWS } from '../export/held-rows.ts';

const CAPTURE = [
  'kubectl debug -i -q POD --image=nicolaka/netshoot -- tcpdump -i any -s 0 -U -w - > pod.pcap',
  'kubectl debug -i -q POD --image=nicolaka/netshoot -- tcpdump -i any -s 0 -U -w - port 53 > dns.pcap',
  'kubectl exec POD -- tcpdump -i any -s 0 -U -w - port 53 | kubelag -',
  "ssh NODE sudo tcpdump -i any -s 0 -U -w - 'port 53' | kubelag -",
];

const EXAMPLES: readonly (readonly [command: string, what: string])[] = [
  ['kubelag orders.pcapng', 'why requests and lookups are slow, and what to change'],
  ['tcpdump -i any -s 0 -U -w - port 53 | kubelag -', 'the same from a capture that runs; Ctrl-C for the answer'],
  ['kubelag ticket.txt', "tcpdump's text, as people paste it into tickets"],
  ['kubelag orders.pcapng -m k8s/', 'the same with your manifests: which workload, which line, which change'],
  ['kubelag fix orders.pcapng -m k8s/', 'that change as a diff of your files; --apply makes it'],
  ['kubelag lint k8s/', 'what manifests alone tell, without a capture'],
  [
    'kubelag show --slowest orders.pcapng',
    'the slowest request with all that it waited for; or lookup, packet by packet',
  ],
  [
    'kubelag show --exchange 0.e17 orders.pcapng',
    'one exchange that an answer named; --request, --lookup and --connection likewise',
  ],
  ["kubelag --name '*.svc.cluster.local' a.pcap b.pcap", 'only these names, over several captures'],
  ['kubelag --keylog client.keys orders.pcapng', 'requests inside TLS, with what SSLKEYLOGFILE=client.keys wrote'],
  ['kubelag orders.pcapng --format json --output answer.json', 'for a program, or to show again: kubelag answer.json'],
  ['kubelag compare before.pcap after.pcap', 'did the change work? exit 0: better or equal, 1: worse, 3: cannot say'],
  ['kubelag export rows orders.pcapng > rows.ndjson', 'all that is known; kubelag rows.ndjson explains it again'],
  ['kubelag export exchanges orders.pcapng --format csv', 'requests and their answers, for your own tools'],
  ['kubelag rules dns-race', 'what a finding means'],
  ['kubelag knows nginx keepalive', 'what a component does by default, and who says so'],
];

const EXIT_STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'nothing found at or above --fail-on (without it: any finding above info)'],
  ['1', 'found'],
  ['2', 'bad usage, or an input that cannot be read'],
  ['3', 'nothing that was asked for could be observed'],
];

/** Examples of single commands, shown under their own help. */
const COMMAND_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  explain: [
    'kubelag explain orders.pcapng',
    'kubelag orders.pcapng --slower-than 500ms --client 10.0.3.7 --format markdown',
  ],
  compare: [
    'kubelag compare before.pcap after.pcap',
    'kubelag before.pcap --format json > before.json',
    'kubelag compare before.json after.pcap --format markdown',
    'tcpdump -i any -s 0 -U -w - | kubelag compare before.json -',
  ],
  show: [
    'kubelag show orders.pcapng',
    'kubelag show --request slowest orders.pcapng',
    'kubelag show --like 0.r17 orders.pcapng',
    'kubelag show --lookup 0.l17 orders.pcapng',
    'kubelag show --exchange slowest orders.pcapng',
    'kubelag show --exchange slowest --name payments orders.pcapng',
    'kubelag show --connection 0.c3 orders.pcapng --format markdown',
  ],
  export: [
    'kubelag export rows orders.pcapng > rows.ndjson',
    'kubelag export exchanges orders.pcapng --slower-than 500ms',
    'kubelag export connections orders.pcapng --client 10.0.3.7',
    'kubelag export transactions orders.pcapng --format csv --output rows.csv',
  ],
  fix: [
    'kubelag fix orders.pcapng -m k8s/',
    'kubelag fix orders.pcapng -m k8s/ --apply',
    'kubelag fix answer.json > change.diff',
  ],
  lint: [
    'kubelag lint k8s/',
    'helm template orders charts/orders | kubelag lint -',
    'kubelag lint k8s/ --format sarif --output kubelag.sarif',
    'kubelag lint k8s/ --write-baseline kubelag-baseline.json',
  ],
  rules: ['kubelag rules', 'kubelag rules dns-race'],
  knows: [
    'kubelag knows',
    'kubelag knows nginx',
    'kubelag knows musl single-request',
    'kubelag knows idle',
    'kubelag knows aws-sdk-java --format json',
  ],
  schema: ['kubelag schema > kubelag.schema.json', 'kubelag schema exchange'],
  completion: [
    'source <(kubelag completion bash)',
    'kubelag completion zsh > ~/.zfunc/_kubelag',
    'kubelag completion fish > ~/.config/fish/completions/kubelag.fish',
  ],
};

/** What must be known of single commands, shown under their own help. */
const COMMAND_NOTES: Readonly<Record<string, readonly string[]>> = {
  compare: [
    'Like with like: requests with requests of the same method, path and server, each kind as often as before.',
    'Better or worse is what chance does not explain and is at least 15 % of the median and 1 ms; intervals hold',
    'the true change in 95 % of captures, with slow phases of a capture counted as one. See docs/compare.md.',
    'Exit status: 0 better or equal, 1 worse, 2 bad usage or an input that cannot be read, 3 not enough data to say.',
  ],
  show: [
    'slowest: an exchange by its duration; a connection by the time that it took to open (TCP and TLS) or stalled.',
  ],
  export: [
    'rows: lookups, exchanges and connections as they were found, and what must be known of each input;',
    'kubelag FILE explains them again, as if it were the capture.',
    'Of a single kind they stand in order of start. Connections and exchanges are found when they end:',
    `one that outlasts ${formatCount(MAX_HELD_ROWS)} others stands behind them.`,
    '--slower-than means, of connections, those that took so long to open or stalled for so long.',
  ],
};

const list = (pairs: readonly (readonly [string, string])[], gap = 2): string[] => {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}${' '.repeat(gap)}${right}`);
};

/** `--format terminal|json|markdown`: what may be written stands where it is written. */
const optionTerm = ({ flags, long, argChoices }: Option): string =>
  argChoices === undefined ? flags : `${long} ${argChoices.join('|')}`;

/** Help that teaches by example: what people type first, then what there is. */
export function formatHelp(command: Command, helper: Help): string {
  if (command.parent !== null) {
    const examples = COMMAND_EXAMPLES[command.name()];
    const own = Help.prototype.formatHelp.call(helper, command, helper);
    const notes = (COMMAND_NOTES[command.name()] ?? []).map((line) => `  ${line}\n`).join('');
    return [
      own,
      ...(notes === '' ? [] : [`Notes:\n${notes}`]),
      ...(examples === undefined ? [] : [`Examples:\n${examples.map((line) => `  ${line}\n`).join('')}`]),
    ].join('\n');
  }
  const commands = helper
    .visibleCommands(command)
    .map((child): [string, string] => [helper.subcommandTerm(child), helper.subcommandDescription(child)]);
  const explain = command.commands.find((child) => child.name() === 'explain');
  const options = [command, ...(explain === undefined ? [] : [explain])]
    .flatMap((owner) => helper.visibleOptions(owner))
    .filter((option, index, all) => all.findIndex((other) => other.flags === option.flags) === index)
    .map((option): [string, string] => [optionTerm(option), option.description]);
  return [
    'kubelag tells why requests and name lookups in Kubernetes are slow: from a capture, with the packets that prove it.',
    '',
    'Examples:',
    ...EXAMPLES.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]),
    '',
    'To capture:',
    ...CAPTURE.map((line) => `  ${line}`),
    '',
    'Usage: kubelag [explain] FILE…        - or nothing reads what is piped in',
    '',
    'Commands:',
    ...list(commands),
    '',
    'Options of explain (others: kubelag COMMAND --help):',
    ...list(options),
    '',
    'Exit status:',
    ...list(EXIT_STATUSES),
    '',
  ].join('\n');
}

/** What `kubelag` alone says. */
export const SHORT_HELP = `kubelag tells why requests and name lookups in Kubernetes are slow.

  kubelag FILE…                                        a capture, tcpdump's text, or exported rows
  tcpdump -i any -s 0 -U -w - port 53 | kubelag -      a capture that runs
  kubelag --help                                       examples, commands, options
`;
