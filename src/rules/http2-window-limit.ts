import { formatBytes } from '../base/text.ts';
import { milliseconds } from '../base/time.ts';
import { otherSide } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import { advice } from './support/fixes.ts';
import { defineRule } from './support/define-rule.ts';
import { wireSetting } from './support/settings.ts';
import { stallRule } from './support/exchanges/stall-rule.ts';
import { stallsOf } from './support/exchanges/stalls.ts';
import { isQuickTransfer } from './support/exchanges/transfers.ts';

// Less is no reason for a body to be slow.
const LEAST_WAIT = milliseconds(50);
// One may be a reader that was busy.
const LEAST_COUNT = 2;

export default defineRule({
  id: 'http2-window-limit',
  title: 'Bodies wait for an HTTP/2 window',
  category: 'connection',
  sees: ['tcp', 'http'],
  messages: {
    stalled:
      '{count} of {total:exchange} with {server} waited {cost:duration} for the {reader}’s HTTP/2 window ({window}) to open again',
    clear: 'no large body waited for an HTTP/2 window ({total:exchange}{besides})',
  },
  create: (context) =>
    stallRule(context, {
      reason: 'flow-control',
      least: LEAST_WAIT,
      leastCount: LEAST_COUNT,
      isAnothers: isQuickTransfer,
      confidence: 'certain',
      confidenceBecause:
        'each time the window was used up to the last byte, and data went on as soon as the update that opened it had come',
      waited: ({ from }) => `data of the ${from}, held back by the used up window`,
      says: (dearest) => ({ window: windowOf(dearest), reader: readerOf(dearest) }),
      savesAtMost: true,
      because: (server, from, _common, dearest) => [
        wireSetting(
          `the ${otherSide(from)}`,
          'HTTP/2 window of a stream or the connection',
          dearest === undefined ? 'small' : windowOf(dearest),
          'SETTINGS_INITIAL_WINDOW_SIZE and WINDOW_UPDATE; 65,535 unless they say otherwise (RFC 9113 section 6.9.2)',
        ),
        wireSetting(`the path to ${server}`, 'round trip', 'an update takes one before more comes'),
      ],
      fix: (server, from) => [
        advice(
          'code',
          'widen both windows of the reader: Node initialWindowSize and setLocalWindowSize; gRPC InitialWindowSize and InitialConnWindowSize (Go), flowControlWindow (Java); Envoy initial_stream_window_size and initial_connection_window_size; where updates come later than a round trip, find why it does not read',
          from === 'server' ? `the client of ${server}` : `the program behind ${server}`,
          'set the former windows again',
        ),
      ],
    }),
});

const dearestOf = (exchange: Exchange) =>
  stallsOf(exchange, 'flow-control').toSorted((a, b) => b.duration - a.duration)[0];

const readerOf = (exchange: Exchange): string => otherSide(dearestOf(exchange)?.from ?? 'server');

const windowOf = (exchange: Exchange): string => formatBytes(dearestOf(exchange)?.bytes ?? 0);
