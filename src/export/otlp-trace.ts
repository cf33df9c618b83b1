import { createHash } from 'node:crypto';
import { at, toSeconds, type Timestamp } from '../base/time.ts';
import type { Input } from '../model/input.ts';
import { packetReference, type PacketId } from '../model/packet.ts';
import { breakdownOf, copyRequest, type Request, type Wait } from '../model/request.ts';
import { errorType, exchangeAttributes, spanName, type ExchangeFacts } from './otlp-conventions.ts';
import { attributes, doubles, SPAN_KIND, STATUS_ERROR, type Attribute, type Span, type SpanLink } from './otlp-span.ts';

/** Names of spans that are no exchanges. */
const NAMES: Readonly<Record<Wait['reason'], string>> = {
  dns: 'dns lookup',
  connect: 'connect',
  tls: 'tls handshake',
  upstream: 'call',
  metadata: 'call',
  stall: 'network stall',
  transfer: 'transfer',
  queue: 'queue',
};

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/**
 * A request as a trace: a span of its own, and one for each wait. The ids come from the capture and
 * the request alone, so that sending a capture twice makes no second trace.
 * @param factsOf what is known of an exchange by its id; undefined where it was forgotten
 */
export function traceOf(
  request: Request,
  input: Input,
  factsOf: (exchange: string) => ExchangeFacts | undefined,
): Span[] {
  const { waits, startedAt, duration } = request;
  const ids = idsOf(request.id, input);
  const facts: ExchangeFacts = { error: null, ...copyRequest(request) };
  // At a client the request is the call itself, with what had to come before.
  const isOwnCall = waits.some(({ ref }) => ref === request.exchange);
  const role = isOwnCall ? 'client' : 'server';
  const root: Span = {
    ...ids,
    name: spanName(facts),
    kind: SPAN_KIND[role],
    ...timesOf(startedAt, at(startedAt + duration), input),
    attributes: [
      ...exchangeAttributes(facts, role),
      ...requestAttributes(request),
      ...packetsOf(request.packets, request.input),
    ],
    ...statusOf(errorType(facts, role)),
  };
  const spans = [root];
  for (const [index, wait] of waits.entries()) {
    if (wait.ref === request.exchange) continue;
    spans.push({
      traceId: ids.traceId,
      spanId: childId(ids.spanId, index + 1),
      parentSpanId: ids.spanId,
      ...waitSpan(wait, request.input, factsOf(wait.ref)),
      ...timesOf(wait.startedAt, at(wait.startedAt + wait.duration), input),
      ...(wait.alternatives.length === 0 ? {} : { links: wait.alternatives.map((other) => linkTo(other, input)) }),
    });
  }
  return spans;
}

function waitSpan(
  wait: Wait,
  input: number,
  facts: ExchangeFacts | undefined,
): Pick<Span, 'name' | 'kind' | 'attributes' | 'status'> {
  const isCall = wait.reason === 'upstream' || wait.reason === 'metadata';
  const link = [...linkAttributes(wait), ...packetsOf(wait.packets, input)];
  if (isCall && facts !== undefined) {
    return {
      name: spanName(facts),
      kind: SPAN_KIND.client,
      attributes: [...exchangeAttributes(facts, 'client'), ...link],
      ...statusOf(errorType(facts, 'client')),
    };
  }
  return {
    name: isCall && wait.what !== '' ? wait.what : NAMES[wait.reason],
    kind: isCall ? SPAN_KIND.client : SPAN_KIND.internal,
    attributes: [
      ...peerOf(wait.to),
      ...attributes({ 'dns.question.name': wait.reason === 'dns' ? wait.what : null }),
      ...link,
    ],
  };
}

/** `10.96.0.10:53` or `[fd00::a]:53`. */
function peerOf(to: string): Attribute[] {
  const colon = to.lastIndexOf(':');
  if (colon < 0) return [];
  return attributes({
    'network.peer.address': to.slice(0, colon).replace(/^\[|\]$/g, ''),
    'network.peer.port': Number(to.slice(colon + 1)),
  });
}

/** What no convention has a name for: our own, under `kubelag.`. */
function requestAttributes(request: Request): Attribute[] {
  const sums = new Map<string, number>();
  for (const { reason, duration } of breakdownOf(request)) {
    if (reason !== 'own') sums.set(reason, (sums.get(reason) ?? 0) + duration);
  }
  return [
    ...attributes({
      'kubelag.request.id': request.id,
      'kubelag.exchange.id': request.exchange,
      'kubelag.direction': request.direction,
      'kubelag.outcome': request.outcome,
      'kubelag.ambiguous': request.ambiguous,
    }),
    ...doubles({
      'kubelag.own_seconds': toSeconds(request.own),
      ...Object.fromEntries([...sums].map(([reason, sum]) => [`kubelag.${reason}_seconds`, toSeconds(at(sum))])),
    }),
  ];
}

const linkAttributes = (wait: Wait): Attribute[] => [
  ...attributes({
    'kubelag.wait.reason': wait.reason,
    'kubelag.wait.ref': wait.ref,
    'kubelag.wait.what': wait.what,
    'kubelag.link.confidence': wait.confidence,
  }),
  ...doubles({
    'kubelag.link.probability': wait.probability,
    'kubelag.wait.critical_seconds': toSeconds(wait.critical),
  }),
];

/** Wireshark's frame.number of the first and the last. */
const packetsOf = (packets: readonly PacketId[], input: number): Attribute[] =>
  attributes({ 'kubelag.packets': packets.map((packet) => packetReference(packet, input)).join(' ') });

const statusOf = (error: string): Pick<Span, 'status'> => (error === '' ? {} : { status: { code: STATUS_ERROR } });

/** Nanoseconds since 1970; since the capture's first packet where it has no date. */
function timesOf(from: Timestamp, until: Timestamp, input: Input): Pick<Span, 'startTimeUnixNano' | 'endTimeUnixNano'> {
  const first = input.firstPacketAt ?? 0n;
  const nano = (time: Timestamp): string => String(first + BigInt(Math.round(time - input.startsAt)));
  return { startTimeUnixNano: nano(from), endTimeUnixNano: nano(until) };
}

function idsOf(request: string, input: Input): { traceId: string; spanId: string } {
  const digest = createHash('sha256')
    .update(`${String(input.firstPacketAt)} ${request}`)
    .digest();
  return {
    traceId: digest.toString('hex', 0, TRACE_ID_BYTES),
    spanId: digest.toString('hex', TRACE_ID_BYTES, TRACE_ID_BYTES + SPAN_ID_BYTES),
  };
}

/** The root's with the number of the child in it: unique within the trace. */
const childId = (root: string, number: number): string =>
  (BigInt(`0x${root}`) ^ BigInt(number)).toString(16).padStart(2 * SPAN_ID_BYTES, '0');

/** Another request that it could belong to as well. */
const linkTo = ({ request, probability }: Wait['alternatives'][number], input: Input): SpanLink => ({
  ...idsOf(request, input),
  attributes: doubles({ 'kubelag.link.probability': probability }),
});
