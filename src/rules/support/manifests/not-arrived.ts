import type { Workload } from '../../../model/workload.ts';
import { advice } from '../fixes.ts';
import { objectWords } from './objects.ts';

/** Wire and manifest disagree: what is to be found out is why, at the workload that runs. */
export const notArrived = (workload: Workload, whereToLook: string) =>
  ({
    message: 'contrary',
    contrary: true,
    severity: 'minor',
    severityBecause: 'a change that did not arrive mends nothing',
    fix: [advice('infrastructure', whereToLook, objectWords(workload), 'nothing to undo')],
  }) as const;

/** The same of what the pods' resolv.conf should say. */
export const notInResolvConf = (workload: Workload) =>
  notArrived(workload, 'start the pods anew, and look at /etc/resolv.conf in one of them');
