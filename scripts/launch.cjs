#!/usr/bin/env node
// Starts the program (kubelag.cjs). To compile it took a third of a small capture's time, so compiled
// code is kept: beside the program by the build, which V8 takes only if version and flags are the same,
// and where it does not, as in an installed package, by Node itself from 22.8 on, in the system's
// folder for temporary files. It is code only: nothing of what was read.
'use strict';
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');
const { setOptions } = require('./v8-options.cjs');

setOptions();

const file = join(__dirname, 'kubelag.cjs');

function compiled() {
  try {
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined; // A published package has none.
  }
}

const cachedData = compiled();
const script =
  cachedData &&
  new Script(Module.wrap(readFileSync(file, 'utf8')), {
    filename: file,
    cachedData,
  });
if (script && !script.cachedDataRejected) {
  const program = { exports: {} };
  script.runInThisContext()(program.exports, Module.createRequire(file), program, file, dirname(file));
} else {
  Module.enableCompileCache?.();
  require(file);
}
