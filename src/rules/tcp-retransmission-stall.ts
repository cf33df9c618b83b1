import { plural } from '../base/text.ts';
import { milliseconds } from '../base/time.ts';
import { isResponded, type Exchange } from '../model/exchange.ts';
import { commonFixes, commonSetting } from './support/connections/common-loss-words.ts';
import { advice } from './support/fixes.ts';
import { defineRule } from './support/define-rule.ts';
import { isOpenedLate } from './support/connections/late-openings.ts';
import { fitMtu, LEAST_SIZE } from './support/connections/mtu-advice.ts';
import { defaultSetting, wireSetting } from './support/settings.ts';
import { stallRule } from './support/exchanges/stall-rule.ts';
import { stallsOf } from './support/exchanges/stalls.ts';

// Linux waits 200 ms at least before it sends a segment again for want of an acknowledgement
// (TCP_RTO_MIN); part of that may lie before the exchange. What SACK repairs at once is no stall.
const LEAST_WAIT = milliseconds(150);
// A kernel that sends the same again and again, each time after twice as long, has had no acknowledgement,
// whether or not the capture would show one.
const LEAST_IN_VAIN = 3;

export default defineRule({
  id: 'tcp-retransmission-stall',
  title: 'Answers wait for a lost segment to be sent again',
  category: 'connection',
  sees: ['tcp', 'http'],
  hearsTurns: true,
  messages: {
    stalled: '{count} of {total:exchange} with {server} waited {cost:duration} for a lost segment to be sent again',
    vain: '{count} of {total:exchange} with {server} waited {cost:duration} for a segment that was sent again and again and never acknowledged',
    common:
      '{count} of {total:exchange} with {servers} waited {cost:duration} for a lost segment to be sent again: {why}',
    clear: 'no exchange waited for a resent segment ({total:exchange}{besides})',
  },
  create: (context) =>
    stallRule(context, {
      reason: 'loss',
      least: LEAST_WAIT,
      // And without answer or acknowledgement the capture may show one direction: a closed window looks the same.
      isAnothers: (exchange, seesBothDirections) =>
        // tcp-connect-retry tells it.
        isOpenedLate(exchange) ||
        (!isResponded(exchange) && Number.isNaN(exchange.roundTrip) && !(seesBothDirections && isInVain(exchange))),
      // A hole that nobody fills may be the capture's own, or mtu-blackhole's.
      counts: ({ resends }) => resends > 0,
      leastCount: 1,
      confidence: 'certain',
      confidenceBecause: 'the segment came only when it was sent again, and what followed waited for it',
      inVain: {
        message: 'vain',
        confidenceBecause:
          'the same data left again and again, each time after a longer wait, and nothing acknowledged it',
      },
      waited: ({ from, bytes, resends }) =>
        `${plural(bytes, 'byte')} of the ${from} lost${resends > 0 ? `, sent again ${plural(resends, 'time')}` : ''}`,
      common: 'common',
      because: (server, from, common) => [
        common === null
          ? wireSetting(`path to ${server}`, 'segments', `lost on the way from the ${from}`)
          : commonSetting(common),
        defaultSetting('kernel', 'retransmission timeout', '200 ms at least, doubling', 'Linux, TCP_RTO_MIN; RFC 6298'),
      ],
      fix: (server, _from, common, dearest) =>
        common !== null
          ? commonFixes(common)
          : [
              advice(
                'infrastructure',
                'find where segments are lost: drops of interfaces and queues on both nodes (ip -s link, ethtool -S, tc -s qdisc), policers, an overlay’s MTU',
                `the path to ${server}`,
                'nothing is changed',
                'ip -s link; nstat -az TcpRetransSegs TcpExtTCPTimeouts TcpExtTCPLostRetransmit',
              ),
              // What is never acknowledged and large may be too large; whether smaller ones pass nothing shows here.
              ...(dearest !== undefined && isInVain(dearest) && isLarge(dearest) ? [fitMtu] : []),
            ],
    }),
});

/** All that was lost of it for good. */
const isLarge = (exchange: Exchange): boolean =>
  stallsOf(exchange, 'loss').every(({ repaired, bytes }) => repaired || bytes >= LEAST_SIZE);

const isInVain = (exchange: Exchange): boolean =>
  stallsOf(exchange, 'loss').some(({ repaired, resends }) => !repaired && resends >= LEAST_IN_VAIN);
