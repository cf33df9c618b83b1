import { formatDuration } from '../../../base/text.ts';
import type { Evidence } from '../../../model/finding.ts';
import { typeName, type Lookup } from '../../../model/lookup.ts';
import { evidenceOf } from '../evidence.ts';
import type { LossAnalysis } from './loss-shape.ts';
import { answerTime, isAnswer, type Send } from './sends.ts';

// The story of one lookup: a lost query, its twin, the resends. More is in the example itself.
const MAX_LINES = 6;

/** What the dearest example shows, packet by packet. */
export function lossEvidence(example: Lookup | undefined, analysis: LossAnalysis | null): [Evidence, ...Evidence[]] {
  if (analysis === null) return evidenceOf([], example);
  const { sends } = analysis;
  const lines: Evidence[] = [];
  const told = new Set<Send>();
  for (const [index, send] of sends.entries()) {
    if (send.fate === 'answered' || send.fate === 'unknown' || send.fate === 'unseen') continue;
    const twin = sends.find(
      (other) =>
        other.fate === 'answered' &&
        other.attempt.type !== send.attempt.type &&
        other.attempt.name === send.attempt.name &&
        other.at <= send.waitedUntil,
    );
    if (twin !== undefined && !told.has(twin)) {
      told.add(twin);
      lines.push(line(twin, sends.indexOf(twin), sends, send));
    }
    if (!told.has(send)) lines.push(line(send, index, sends, twin));
    told.add(send);
    const next = sends.find((other, later) => later > index && isSameQuestion(other, send));
    if (next !== undefined && !told.has(next)) {
      told.add(next);
      lines.push(line(next, sends.indexOf(next), sends, send));
    }
  }
  const inOrder = lines.toSorted((a, b) => (a.packets[0] ?? 0) - (b.packets[0] ?? 0)).slice(0, MAX_LINES);
  return evidenceOf(inOrder, example);
}

const isSameQuestion = (a: Send, b: Send): boolean =>
  a.attempt.type === b.attempt.type && a.attempt.name === b.attempt.name;

function line(send: Send, index: number, sends: readonly Send[], twin: Send | undefined): Evidence {
  const { attempt, fate, isSeen } = send;
  const former = sends.findLast((other, earlier) => earlier < index && isSameQuestion(other, send));
  const question = `${typeName(attempt.type)} of ${attempt.name}`;
  const again = former === undefined ? '' : ` asked again, +${formatDuration(send.at - former.at)}`;
  const port =
    twin !== undefined && former === undefined
      ? twin.attempt.clientPort === attempt.clientPort
        ? ', same port'
        : ', another port'
      : '';
  const said = {
    answered: `answered after ${formatDuration(answerTime(send))}`,
    late: `answered only after ${formatDuration(answerTime(send))}`,
    lost: isSeen ? 'no answer' : 'not in the capture, which has only the next asking',
    unreceived: `answered after ${formatDuration(answerTime(send))}, and asked again all the same`,
    unreachable: 'ICMP: nobody listens there',
    unknown: 'not waited for',
    unseen: 'not asked again, so it was answered',
  }[fate];
  const packets = isAnswer(send) ? [send.packet, send.answerPacket] : [send.packet];
  return { says: `${question}${again}${port}: ${said}`, packets };
}
