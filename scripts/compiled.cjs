'use strict';
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname } = require('node:path');
const { getHeapSpaceStatistics, setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

// V8 compiles functions once more within each that calls them, up to 920 bytes of their code. The stages
// are long chains of such; with less, the compiler beside us takes a third of its time less: 13 % of all
// processor time for 200,000 packets, 4 % for 2 million.
const INLINED_BYTES = 400;
// Of what rows are made of some outlives young collections. V8 would let the heap grow to several times
// what is in use before it looks for the rest: a capture of 3 M packets of mixed traffic then takes
// 285 MiB instead of 210, and a longer one more. For no measurable time.
const HEAP_GROWING_PERCENT = 50;
// Young collections are some megabytes. To wake other threads for them takes longer than to do them: 4 % of
// all processor time for 2 million packets of DNS, measured on two cores.
const COLLECT_ALONE = '--no-parallel-scavenge';
// V8 11 compiles a function once so many bytes of its code have run. With twice as many, what hardly pays is not
// compiled: a tenth of all processor time for a small capture, a fifth where calls are linked, none for large ones.
const BYTES_BEFORE_COMPILING = 2 * 67_584;
const HAS_BYTES_BEFORE_COMPILING = 11;
// From V8 13 on the space for what is new may grow to 64 MB and more, four times as far as before, and what is
// kept for a while fills it: 1.25 M packets of mixed traffic took 300 MiB. No option bounds it once V8 runs, but for
// the one that says by how much it grows: not at all, once it is as large as in the versions before.
const GROWS_TO = 16 << 20;
const NO_GROWTH = '--semi-space-growth-factor=1';
const USUAL_GROWTH = '--semi-space-growth-factor=2';
const HAS_WIDE_NEW_SPACE = 13;
// It doubles in tens of milliseconds at the soonest.
const LOOKED_AT_EVERY = 10;
// V8 complains aloud of an option that it does not have: up to Node 24's it has these.
const LAST_WITH_OPTION = 13;

/** To be called before anything is compiled, and nowhere else: what V8 compiled with other options it does not take. */
exports.setOptions = () => {
  const version = Number.parseInt(process.versions.v8, 10);
  if (version > LAST_WITH_OPTION) return;
  if (version === HAS_BYTES_BEFORE_COMPILING) setFlagsFromString(`--interrupt-budget=${BYTES_BEFORE_COMPILING}`);
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
  setFlagsFromString(COLLECT_ALONE);
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES}`);
  if (version === HAS_WIDE_NEW_SPACE) boundNewSpace();
};

function boundNewSpace() {
  // What is compiled is kept when the program ends, and V8 takes it again with the options alone that it began with.
  process.on('exit', () => setFlagsFromString(USUAL_GROWTH));
  const look = setInterval(() => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (space === undefined || space.space_size < GROWS_TO) return;
    setFlagsFromString(NO_GROWTH);
    clearInterval(look);
  }, LOOKED_AT_EVERY);
  // Whoever has nothing else to do ends.
  look.unref();
}

/** @param cachedData what was compiled of it before; whether V8 took it says `cachedDataRejected` */
exports.compile = (file, cachedData) =>
  new Script(Module.wrap(readFileSync(file, 'latin1')), { filename: file, cachedData });

/** As `require(file)` would. */
exports.run = (script, file) => {
  const program = { exports: {} };
  script.runInThisContext()(program.exports, Module.createRequire(file), program, file, dirname(file));
};
