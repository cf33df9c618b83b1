import { milliseconds } from '../base/time.ts';
import { otherSide } from '../model/connection.ts';
import { advice } from './support/fixes.ts';
import { defineRule } from './support/define-rule.ts';
import { defaultSetting, wireSetting } from './support/settings.ts';
import { stallRule } from './support/exchanges/stall-rule.ts';

// Linux delays an acknowledgement by 40 ms at least (TCP_DELACK_MIN), less its clock's tick.
const LEAST_WAIT = milliseconds(30);
// One may be a program that happened to pause.
const LEAST_COUNT = 2;

export default defineRule({
  id: 'tcp-delayed-ack',
  title: 'Small writes wait for a delayed acknowledgement',
  category: 'connection',
  sees: ['tcp', 'http'],
  hearsTurns: true,
  messages: {
    stalled:
      '{count} of {total:exchange} with {server} waited {cost:duration} for a delayed ACK: the {side} writes in small pieces, without TCP_NODELAY',
    clear: 'no second small write waited for a delayed ACK ({total:exchange}{besides})',
  },
  create: (context) =>
    stallRule(context, {
      reason: 'delayed-ack',
      least: LEAST_WAIT,
      leastCount: LEAST_COUNT,
      confidence: 'certain',
      confidenceBecause: 'each time the second segment left as soon as the delayed ACK of the first had come',
      waited: ({ from }) => `second small segment of the ${from}, held until the first was acknowledged`,
      because: (_server, from) => [
        wireSetting(
          from,
          'TCP_NODELAY',
          'off, and one message in two writes (Nagle’s algorithm)',
          'the packets; RFC 9293 section 3.7.4',
        ),
        defaultSetting(otherSide(from), 'delayed ACK', '40 ms', 'Linux, TCP_DELACK_MIN; RFC 9293 section 3.8.6.3'),
      ],
      fix: (server, from) => [
        advice(
          'code',
          'write head and body at once (a buffered writer, one send), or set TCP_NODELAY on the socket',
          from === 'server' ? `the program behind ${server}` : `the client of ${server}`,
          'take TCP_NODELAY off again',
        ),
      ],
    }),
});
