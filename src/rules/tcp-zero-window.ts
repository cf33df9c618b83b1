import { milliseconds } from '../base/time.ts';
import { otherSide } from '../model/connection.ts';
import { advice } from './support/fixes.ts';
import { defineRule } from './support/define-rule.ts';
import { wireSetting } from './support/settings.ts';
import { stallRule } from './support/exchanges/stall-rule.ts';

// A reader that takes up its data a scheduling slice late costs less.
const LEAST_WAIT = milliseconds(50);
// A window may fill once while a lost segment is repaired, or a process starts.
const LEAST_COUNT = 2;

export default defineRule({
  id: 'tcp-zero-window',
  title: 'A transfer waits because its reader does not read',
  category: 'connection',
  sees: ['tcp', 'http'],
  hearsTurns: true,
  messages: {
    stalled:
      '{count} of {total:exchange} with {server} waited {cost:duration}: the reader of what the {side} sends did not read',
    clear: 'no receive window was closed for long ({total:exchange}{besides})',
  },
  create: (context) =>
    stallRule(context, {
      reason: 'zero-window',
      least: LEAST_WAIT,
      leastCount: LEAST_COUNT,
      confidence: 'certain',
      confidenceBecause: 'the receive window was closed, or too small for a segment, and data went on when it opened',
      waited: ({ from }) => `data of the ${from} held back by the closed receive window`,
      because: (_server, from) => [
        wireSetting(otherSide(from), 'reading', 'stopped or slower than data comes', 'its receive window'),
        wireSetting(otherSide(from), 'receive buffer', 'full', 'its receive window; net.ipv4.tcp_rmem'),
      ],
      fix: (server, from) => [
        advice(
          'code',
          'read as data comes: find what the reader does instead (its CPU, a slow disk or consumer, a lock); a bigger buffer only puts it off',
          from === 'server' ? `the client of ${server}` : `the program behind ${server}`,
          'nothing is changed',
        ),
      ],
    }),
});
