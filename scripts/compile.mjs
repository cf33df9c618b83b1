// Runs the built program over the examples and keeps what V8 compiled for it: see launch.cjs.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compile, run, setOptions } from './compiled.cjs';

/** Exit status of the program where it found something. */
const FINDINGS = 1;

setOptions();
const [program, ...examples] = process.argv.slice(2);
const file = resolve(program);
const script = compile(file);
process.argv = [process.execPath, file, 'explain', '--format', 'terminal', ...examples];
process.on('exit', (status) => {
  writeFileSync(`${file}.cache`, script.createCachedData());
  // That something is found in the examples is no failure of the build.
  if (status === FINDINGS) process.exitCode = 0;
});
run(script, file);
