// Runs the built program over the examples and keeps what V8 compiled for it: see launch.cjs.
import { readFileSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, resolve } from 'node:path';
import { Script } from 'node:vm';
import { setOptions } from './v8-options.cjs';

/** Exit status of the program where it found something. */
const FINDINGS = 1;

setOptions();
const [program, ...examples] = process.argv.slice(2);
const file = resolve(program);
const script = new Script(Module.wrap(readFileSync(file, 'utf8')), {
  filename: file,
});
process.argv = [process.execPath, file, 'explain', '--format', 'terminal', ...examples];
process.on('exit', (status) => {
  writeFileSync(`${file}.cache`, script.createCachedData());
  // That something is found in the examples is no failure of the build.
  if (status === FINDINGS) process.exitCode = 0;
});
script.runInThisContext()({}, Module.createRequire(file), {}, file, dirname(file));
