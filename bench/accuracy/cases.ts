import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ALSO_RIGHT, BY_SIDE, hiddenBySide, NOT_SHOWN, RULES_OF } from './names.ts';

/** One cause that a capture holds. */
export interface Expected {
  /** Any of these is right. */
  rules: readonly string[];
  /** Occurrences by unit as far as the truth counts them: `requests`, `connections`, `lookups`. */
  counts: Readonly<Record<string, number>>;
  /** What it cost in all, null where the truth does not say. */
  costSeconds: number | null;
  /** Why it can't be seen in this capture; null where it can. */
  notShown: string | null;
}

/** One capture and what is true of it. */
export interface Case {
  set: string;
  id: string;
  side: string;
  path: string;
  expected: readonly Expected[];
  /** May be reported, too. */
  alsoTrue: ReadonlySet<string>;
}

type Json = Record<string, unknown>;

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const words = (value: unknown): string[] => list(value).filter((one): one is string => typeof one === 'string');
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const read = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json;

/** All captures of a folder whose truth is beside them, in whichever of the three ways truths are written. */
export function casesOf(folder: string): Case[] {
  const cases: Case[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => a.name.localeCompare(b.name))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && existsSync(join(path, 'truth.json'))) {
      const truth = read(join(path, 'truth.json'));
      cases.push(...('capture' in truth ? credentialsCases(path, truth) : clusterCases(path, truth)));
    } else if (entry.name.endsWith('.truth.json')) {
      const truth = read(path);
      cases.push(...(Array.isArray(truth['captures']) ? labCases(path, truth) : netCases(path, truth)));
    }
  }
  return cases;
}

/** `net/`: `expected` causes by description, one capture a side. */
function netCases(path: string, truth: Json): Case[] {
  const id = String(truth['id']);
  const cases: Case[] = [];
  for (const [side, file] of Object.entries(truth['captures'] as Record<string, string>)) {
    const capture = captureAt(dirname(path), file);
    if (capture === null) continue;
    const idsOf = (name: string): readonly string[] => BY_SIDE[name]?.[side] ?? RULES_OF[name] ?? [name];
    const expected: Expected[] = [];
    for (const one of list(truth['expected']) as Json[]) {
      const name = String(one['rule']);
      if (name === 'overlap') continue;
      const rules = idsOf(name);
      const hidden = NOT_SHOWN[id]?.find((not) => not.truth === name && (not.side ?? side) === side);
      const total = number(one['extra_ms_total']);
      expected.push({
        rules,
        counts: countsOf(one),
        costSeconds: total === null ? null : total / 1000,
        notShown: hidden?.because ?? null,
      });
    }
    const alsoTrue = new Set([...words(truth['also_true']).flatMap(idsOf), ...(ALSO_RIGHT[id] ?? [])]);
    cases.push({ set: basename(dirname(path)), id, side, path: capture, expected, alsoTrue });
  }
  return cases;
}

function countsOf(expected: Json): Record<string, number> {
  const counts: Record<string, number> = {};
  const requests = number(expected['affected_requests']);
  const connections = number(expected['affected_connections']) ?? number(expected['connections']);
  if (requests !== null) counts['requests'] = requests;
  if (connections !== null) counts['connections'] = connections;
  return counts;
}

/** `dns-lab/`: one `rule` or none. */
function labCases(path: string, truth: Json): Case[] {
  const rule = truth['rule'];
  return (list(truth['captures']) as { file: string; vantage: string }[]).flatMap(({ file, vantage }) => {
    const capture = captureAt(dirname(path), file);
    if (capture === null) return [];
    return [
      {
        set: basename(dirname(path)),
        id: String(truth['name']),
        side: vantage,
        path: capture,
        expected: typeof rule === 'string' ? [{ rules: [rule], counts: {}, costSeconds: null, notShown: null }] : [],
        alsoTrue: new Set(words(truth['alsoTrue'])),
      },
    ];
  });
}

/** `cluster/`: a folder a case, one `cause`, `pod.pcap` and `node.pcap`. */
function clusterCases(folder: string, truth: Json): Case[] {
  const cause = truth['cause'];
  if (typeof truth['captures'] !== 'object' || truth['captures'] === null) return [];
  const total = number(truth['extra_ms_total']);
  const affected = number(truth['affected']);
  return Object.keys(truth['captures']).flatMap((file) => {
    const capture = captureAt(folder, file);
    if (capture === null) return [];
    const expected: Expected[] =
      typeof cause === 'string' && cause !== 'none'
        ? [
            {
              rules: [cause],
              counts: affected === null ? {} : { requests: affected },
              costSeconds: total === null ? null : total / 1000,
              notShown: null,
            },
          ]
        : [];
    return [
      {
        set: basename(dirname(folder)),
        id: basename(folder),
        side: file.replace(/\.pcap$/, ''),
        path: capture,
        expected,
        alsoTrue: new Set(words(truth['also_true'])),
      },
    ];
  });
}

/** `credentials/`: a folder a case, one `cause` and more in `also`, a capture a place that it was taken at. */
function credentialsCases(folder: string, truth: Json): Case[] {
  const id = basename(folder);
  const figures = truth['figures'] as Json;
  const { files } = truth['capture'] as { files: string[] };
  const causes = [truth['cause'], ...list(truth['also'])].filter((one): one is string => typeof one === 'string');
  const requests = number(figures['requests']) ?? 0;
  return files.flatMap((side) => {
    const path = captureAt(folder, `${side}.pcap`);
    if (path === null) return [];
    const expected = causes
      .filter((cause) => cause !== 'none')
      .map((cause): Expected => {
        const rules = RULES_OF[cause] ?? [cause];
        const isStorm = rules.includes('credentials-refresh-storm');
        const share = number(figures['credentials_share']);
        const refreshed = number(figures['requests_that_refreshed']);
        const hidden =
          NOT_SHOWN[id]?.find((not) => not.truth === cause && (not.side ?? side) === side) ?? hiddenBySide(side, cause);
        return {
          rules,
          counts: isStorm ? { requests: refreshed ?? 0 } : REFRESHES.has(cause) ? {} : { requests },
          costSeconds: isStorm && share !== null ? share * totalOf(truth) : null,
          notShown: hidden?.because ?? null,
        };
      });
    const accepted = words(truth['accept']).flatMap((name) => RULES_OF[name] ?? [name]);
    const alsoTrue = new Set([...accepted, ...(ALSO_RIGHT[id] ?? [])]);
    return [{ set: basename(dirname(folder)), id, side, path, expected, alsoTrue }];
  });
}

// Counted in tokens that were asked for, which the truth lists apart.
const REFRESHES: ReadonlySet<string> = new Set(['imdsv2-token-timeout']);

/** Seconds that all requests took. */
const totalOf = (truth: Json): number =>
  (list(truth['requests']) as { start: number; end: number }[]).reduce((sum, { start, end }) => sum + end - start, 0);

/** Copies in our own tests are compressed. */
function captureAt(folder: string, file: string): string | null {
  const path = join(folder, file);
  if (existsSync(path)) return path;
  return existsSync(`${path}.gz`) ? `${path}.gz` : null;
}
