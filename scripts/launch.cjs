#!/usr/bin/env node
// Starts the program (kubelag.cjs). To compile it took a third of a small capture's time, so compiled
// code is kept: beside the program by the build, which V8 takes only if version and flags are the same,
// and where it does not, as in an installed package, by Node itself from 22.8 on, in the system's
// folder for temporary files. It is code only: nothing of what was read.
'use strict';
const { readFileSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');
const { compile, run, setOptions } = require('./compiled.cjs');

const file = join(__dirname, 'kubelag.cjs');

function kept() {
  try {
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined; // A published package has none.
  }
}

setOptions();
const cachedData = kept();
const script = cachedData && compile(file, cachedData);
if (script && !script.cachedDataRejected) run(script, file);
else {
  enableCompileCache?.();
  require(file);
}
