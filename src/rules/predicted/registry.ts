import type { Prediction } from '../support/define-prediction.ts';
import bandwidthLimit from './bandwidth-limit.ts';
import cpuThrottling from './cpu-throttling.ts';
import refreshStorm from './credentials-refresh-storm.ts';
import race from './dns-race.ts';
import lookupPerRequest from './dns-lookup-per-request.ts';
import dnsError from './dns-error.ts';
import searchWalk from './dns-search-walk.ts';
import settingIgnored from './dns-setting-ignored.ts';
import singleBackend from './grpc-single-backend.ts';
import tooManyPings from './grpc-too-many-pings.ts';
import hopLimit from './metadata-hop-limit.ts';
import connectRefused from './tcp-connect-refused.ts';
import idleDrop from './tcp-idle-drop.ts';
import idleReuse from './tcp-idle-reuse.ts';
import timeoutOrder from './timeout-order.ts';

/** The configuration sides of rules, in the order of the rules. */
export const PREDICTIONS: readonly Prediction[] = [
  race,
  searchWalk,
  lookupPerRequest,
  settingIgnored,
  dnsError,
  refreshStorm,
  hopLimit,
  connectRefused,
  idleDrop,
  idleReuse,
  bandwidthLimit,
  tooManyPings,
  singleBackend,
  timeoutOrder,
  cpuThrottling,
];
