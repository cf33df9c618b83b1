import type { Input } from '../model/input.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import { copyLookup, type Lookup } from '../model/lookup.ts';
import type { Observer } from '../model/observer.ts';
import { formatCount, plural } from '../base/text.ts';
import { UserError } from '../model/user-error.ts';
import { analyzeInputs, type Context, type ReadingOptions } from './analysis.ts';
import type { ColorMode } from './color.ts';
import { EXIT } from './exit-status.ts';
import { lookFor } from './look.ts';
import { openDestination } from './output.ts';
import type { Format } from './services.ts';

export interface ShowOptions extends ReadingOptions {
  lookup?: string;
  slowest?: true;
  format: Format;
  output?: string;
  color: ColorMode;
}

/** `kubelag show --lookup N FILE…`: one lookup, packet by packet. */
export async function show(paths: readonly string[], options: ShowOptions, context: Context): Promise<number> {
  const { io, services } = context;
  if (options.lookup !== undefined && options.slowest === true) {
    throw new UserError('--lookup and --slowest: name one lookup; give either of them');
  }
  const wanted = options.lookup === undefined ? null : parseLookupId(options.lookup);
  const destination = openDestination(io, options.output, paths);
  const search = wanted === null ? findSlowest() : findById(wanted);
  const { inputs } = await analyzeInputs(paths, options, context, [search]);
  const found = search.found();
  if (found.length > 1) {
    const ids = found.map((lookup) => lookup.id).join(', ');
    throw new UserError(`--lookup ${String(options.lookup)}: stands for ${ids}; give one of these`);
  }
  const lookup = found[0];
  if (lookup === undefined) {
    if (search.count === 0 || wanted === null) {
      io.stderr.write(`kubelag: ${paths.join(', ')}: holds no lookup${filterWords(options)}\n`);
      return EXIT.unobserved;
    }
    throw new UserError(
      `--lookup ${String(options.lookup)}: there is no such lookup among ${formatCount(search.count)}; ` +
        'see their ids: kubelag export lookups FILE',
    );
  }
  const look = lookFor(io, destination, options.color);
  destination.write(await services.renderLookup(toLookupRow(lookup, inputs as Input[]), options.format, look));
  destination.close();
  return EXIT.clear;
}

const filterWords = (options: ShowOptions): string => {
  const filters = [
    ...(options.name === undefined ? [] : [`of the name ${options.name.join(', ')}`]),
    ...(options.client === undefined
      ? []
      : [`of ${plural(options.client.length, 'client')} ${options.client.join(', ')}`]),
  ];
  return filters.length === 0 ? '' : ` ${filters.join(' ')}`;
};

/** A lookup's id, as it stands in answers and rows; a bare number means it in any input. */
interface LookupId {
  input: number | null;
  number: number;
}

export function parseLookupId(text: string): LookupId {
  const match = /^(?:(\d{1,4})\.)?l?(\d{1,15})$/.exec(text.trim());
  if (match === null) throw new UserError(`--lookup ${text}: is no id; write 0.l17 or 17, or take --slowest`);
  return { input: match[1] === undefined ? null : Number(match[1]), number: Number(match[2]) };
}

interface Search extends Observer {
  lookup(lookup: Lookup): void;
  /** Lookups that came by. */
  readonly count: number;
  found(): readonly Lookup[];
}

// A bare number may stand for one lookup in each input; naming a few is enough to say so.
const MAX_SAME_NUMBER = 5;

function findById({ input, number }: LookupId): Search {
  const ending = input === null ? `.l${number}` : null;
  const id = `${String(input)}.l${number}`;
  const found: Lookup[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    lookup(lookup) {
      count++;
      const fits = ending === null ? lookup.id === id : lookup.id.endsWith(ending);
      if (fits && found.length < MAX_SAME_NUMBER) found.push(copyLookup(lookup));
    },
    found: () => found,
  };
}

function findSlowest(): Search {
  let slowest: Lookup | null = null;
  let count = 0;
  return {
    get count() {
      return count;
    },
    lookup(lookup) {
      count++;
      if (slowest === null || lookup.duration > slowest.duration) slowest = copyLookup(lookup);
    },
    found: () => (slowest === null ? [] : [slowest]),
  };
}
