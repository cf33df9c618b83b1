// A fresh dist: what a former build left must not be shipped.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { knowledgeTable, TABLE } from './knowledge.mjs';

const PROGRAM = 'dist/cli/kubelag.cjs';
const READER = 'dist/cli/reader.cjs';

rmSync('dist', { recursive: true, force: true });
writeFileSync(TABLE, knowledgeTable());
const require = createRequire(import.meta.url);
const tsc = require.resolve('typescript/package.json').replace('package.json', 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { stdio: 'inherit' });

// The library is what tsc wrote. The program is one file, as to find and load some 250 modules one by
// one took a third of a small capture's time. Names stay, for the lines of a bug report.
for (const room of ['cli', 'transfer']) rmSync(join('dist', room), { recursive: true });

// What each run needs is in the file, too. commander can start other programs, which loads half of Node's
// network code first; ours has none to start.
const eachRun = {
  name: 'what each run needs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(commander|picocolors)$/ }, ({ path }) => ({ path: require.resolve(path) }));
    onResolve({ filter: /^node:child_process$/ }, ({ path }) => ({ path, namespace: 'unused' }));
    onLoad({ filter: /^/, namespace: 'unused' }, () => ({ contents: '' }));
  },
};
// What few captures ask for (a secret to hash, something packed) is loaded where it is first used: with the
// modules of Node behind it that was an eighth of a small capture's time.
const MAY_WAIT = ['node:crypto', 'node:zlib', 'fzstd'];
const mayWait = {
  name: 'what may wait',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${MAY_WAIT.join('|')})$`) }, ({ path, namespace }) =>
      namespace === 'late' ? { path, external: true } : { path, namespace: 'late' },
    );
    onLoad({ filter: /^/, namespace: 'late' }, ({ path }) => {
      const getters = Object.keys(require(path)).map((name) => `get ${name}() { return require('${path}').${name}; }`);
      return { contents: `module.exports = { ${getters.join(', ')} };` };
    });
  },
};
const whole = {
  bundle: true,
  packages: 'external',
  plugins: [eachRun, mayWait],
  platform: 'node',
  format: 'cjs',
  // V8 forgets with compiled code that is kept how it loads modules; `require` does not need to know.
  supported: { 'dynamic-import': false },
  target: 'node20.19',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 200,
  logLevel: 'warning',
};
await build({ ...whole, entryPoints: ['src/cli/main.ts'], outfile: PROGRAM });
// What a thread that reads needs: less than half of it.
await build({ ...whole, entryPoints: ['src/transfer/worker.ts'], outfile: READER });
// compiled.cjs reads a byte a character, and esbuild leaves others in patterns.
const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
for (const file of [PROGRAM, READER]) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\0-\x7f]/g, escaped));
}
writeFileSync('dist/cli/package.json', '{ "type": "commonjs" }\n');
for (const name of ['commander', 'picocolors']) {
  cpSync(join(dirname(require.resolve(name)), 'LICENSE'), `dist/cli/${name}.LICENSE`);
}
cpSync('scripts/launch.cjs', 'dist/cli/main.js');
cpSync('scripts/compiled.cjs', 'dist/cli/compiled.cjs');
// The rules' documentation is what `kubelag rules ID` prints.
for (const file of readdirSync('src/rules')) {
  if (file.endsWith('.md')) cpSync(join('src/rules', file), join('dist/rules', file));
}
chmodSync('dist/cli/main.js', 0o755);
const examples = readdirSync('examples').filter((file) => file.includes('.pcap'));
execFileSync(process.execPath, ['scripts/compile.mjs', PROGRAM, ...examples.map((file) => join('examples', file))], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
