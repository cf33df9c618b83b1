import type { Prediction } from '../support/define-prediction.ts';
import refreshStorm from './credentials-refresh-storm.ts';
import race from './dns-race.ts';
import searchWalk from './dns-search-walk.ts';
import settingIgnored from './dns-setting-ignored.ts';

/** The configuration sides of rules, in the order of the rules. */
export const PREDICTIONS: readonly Prediction[] = [race, settingIgnored, searchWalk, refreshStorm];
