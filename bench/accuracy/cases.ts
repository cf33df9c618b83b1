import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ALSO_RIGHT, BY_SIDE, NOT_SHOWN, RULES_OF } from './names.ts';
import { linksByFrame, linksByPort, type TrueLinks } from './true-links.ts';
import { twinsOf, type Twin } from './twins.ts';

/** One cause that a capture holds. */
export interface Expected {
  /** Any of these is right. */
  rules: readonly string[];
  /** Occurrences by unit as far as the truth counts them: `requests`, `connections`, `lookups`. */
  counts: Readonly<Record<string, number>>;
  /** What it cost in all, null where the truth does not say. */
  costSeconds: number | null;
  /** What its cure saved of the median request, measured; null where the truth does not say. */
  savingSeconds: number | null;
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
  /** Which calls each request made, as the program itself logged them; empty where no truth says. */
  links: readonly TrueLinks[];
  /** The same with its cause cured, where the folder has it. */
  twin?: Twin;
}

type Json = Record<string, unknown>;

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const words = (value: unknown): string[] => list(value).filter((one): one is string => typeof one === 'string');
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const read = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json;

/** All captures of a folder whose truth is beside them, in whichever of the three ways truths are written. */
export function casesOf(folder: string): Case[] {
  const cases: Case[] = [];
  const truths = new Map<string, Json>();
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => a.name.localeCompare(b.name))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && existsSync(join(path, 'truth.json'))) {
      const truth = read(join(path, 'truth.json'));
      truths.set(entry.name, truth);
      cases.push(...(truth['capture'] === undefined ? clusterCases(path, truth) : credentialCases(path, truth)));
    } else if (entry.name.endsWith('.truth.json')) {
      const truth = read(path);
      truths.set(entry.name.replace(/\.truth\.json$/, ''), truth);
      const { captures } = truth;
      if (Array.isArray(captures)) cases.push(...labCases(path, truth));
      // Others tell of something else than causes.
      else if (typeof captures === 'object' && captures !== null) cases.push(...netCases(path, truth));
    }
  }
  const twins = twinsOf(truths);
  return cases.map((one) => {
    const twin = twins.get(one.id);
    return twin === undefined ? one : { ...one, twin };
  });
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
        savingSeconds: null,
        notShown: hidden?.because ?? null,
      });
    }
    const alsoTrue = new Set([...words(truth['also_true']).flatMap(idsOf), ...(ALSO_RIGHT[id] ?? [])]);
    cases.push({ set: basename(dirname(path)), id, side, path: capture, expected, alsoTrue, links: [] });
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
        expected:
          typeof rule === 'string'
            ? [{ rules: [rule], counts: {}, costSeconds: null, savingSeconds: null, notShown: null }]
            : [],
        alsoTrue: new Set(words(truth['alsoTrue'])),
        links: [],
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
              savingSeconds: null,
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
        alsoTrue: new Set([...words(truth['also_true']), ...(ALSO_RIGHT[basename(folder)] ?? [])]),
        links: linksByPort(truth),
      },
    ];
  });
}

/** `credentials/`: a folder a case, one `cause` and what else is true, each request's calls by frame. */
function credentialCases(folder: string, truth: Json): Case[] {
  const id = basename(folder);
  const figures = truth['figures'] as Json;
  const requests = list(truth['requests']) as Json[];
  // Others take theirs from the cache: that is no part of a storm.
  const spent = requests
    .map((request) => number(request['credentials_ms']) ?? 0)
    .toSorted((one, other) => other - one)
    .slice(0, number(figures['requests_that_refreshed']) ?? requests.length)
    .reduce((sum, milliseconds) => sum + milliseconds, 0);
  const saving = number(figures['expected_saving_ms']);
  const causes = [String(truth['cause']), ...words(truth['also'])].filter((cause) => cause !== 'none');
  return words((truth['capture'] as Json)['files']).flatMap((side) => {
    const capture = captureAt(folder, `${side}.pcap`);
    if (capture === null) return [];
    const expected = causes.map((cause): Expected => {
      const isStorm = cause === 'credentials-refresh-storm';
      const hasSaving = (isStorm || cause === 'metadata-per-request') && saving !== null && causes.length === 1;
      return {
        rules: RULES_OF[cause] ?? [cause],
        counts: isStorm ? { requests: number(figures['requests_that_refreshed']) ?? 0 } : {},
        costSeconds: isStorm ? spent / 1000 : null,
        savingSeconds: hasSaving ? saving / 1000 : null,
        notShown: NOT_SHOWN[id]?.find((not) => not.truth === cause && (not.side ?? side) === side)?.because ?? null,
      };
    });
    const alsoTrue = new Set(ALSO_RIGHT[id] ?? []);
    // Frames are the pod side's.
    const links = side === 'pod' ? linksByFrame(truth) : [];
    return [{ set: basename(dirname(folder)), id, side, path: capture, expected, alsoTrue, links }];
  });
}

/** Copies in our own tests are compressed. */
function captureAt(folder: string, file: string): string | null {
  const path = join(folder, file);
  if (existsSync(path)) return path;
  return existsSync(`${path}.gz`) ? `${path}.gz` : null;
}
