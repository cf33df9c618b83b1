import { Argument, Command, Option } from 'commander';
import { ROW_KINDS, type RowKind } from '../export/row-exporter.ts';
import { TOOL } from '../model/version.ts';
import type { Context } from './analysis.ts';
import { COLOR_MODES } from './color.ts';
import type { CompareOptions } from './compare.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import { DEFAULT_FAIL_ON, EXIT, FAIL_ON } from './exit-status.ts';
import type { ExplainOptions } from './explain.ts';
import { EXPORT_FORMATS, type ExportOptions } from './export.ts';
import { formatHelp, SHORT_HELP } from './help.ts';
import { inputPaths } from './input-paths.ts';
import {
  parseClients,
  parseDuration,
  parseEndpoint,
  parseName,
  parsePath,
  parsePorts,
  parseService,
  parseTop,
} from './options.ts';
import type { FixCommandOptions } from './fix.ts';
import type { LintCommandOptions } from './lint.ts';
import type { KnowsOptions } from './knows.ts';
import type { RulesOptions } from './rules.ts';
import { SCHEMAS } from './schema.ts';
import { FORMATS, LINT_FORMATS } from './services.ts';
import type { ShowOptions } from './show.ts';

// Requests as traces are no rows.
const OTLP = 'otlp';

const FILES = new Argument('[files...]', 'captures, tcpdump text or exported rows; - is standard input');

const selecting = (command: Command): Command =>
  command
    .addOption(new Option('--client <addresses>', 'only what these clients did').argParser(parseClients))
    .addOption(
      new Option(
        '--name <names>',
        'only these names (looked up, asked by HTTP, in TLS); * stands for anything',
      ).argParser(parseName),
    )
    .addOption(new Option('--dns-port <ports>', 'where DNS is spoken (default: 53)').argParser(parsePorts))
    .addOption(
      new Option('--service <address>', 'follow the requests of this service (10.0.3.7, 10.0.3.7:8080)').argParser(
        parseService,
      ),
    )
    .addOption(
      new Option(
        '-m, --manifests <path>',
        'manifests of what was captured: files, folders, or a dump of kubectl',
      ).argParser(parsePath),
    )
    .addOption(new Option('--keylog <file>', 'TLS secrets, as SSLKEYLOGFILE has them written').argParser(parsePath));

const reading = (command: Command): Command =>
  selecting(command.addArgument(FILES)).addOption(
    new Option('--slower-than <duration>', 'only what took longer (500ms, 2s)').argParser(parseDuration),
  );

const writing = (command: Command, formats: readonly string[]): Command =>
  command
    .addOption(new Option('--format <format>', 'how to write the answer').choices(formats).default(formats[0]))
    .addOption(new Option('--output <file>', 'write to a file'));

const talking = (command: Command): Command =>
  command
    .addOption(new Option('--quiet', 'nothing on standard error but errors'))
    .addOption(new Option('--no-progress', 'no progress bar'));

const painting = (command: Command): Command =>
  command.addOption(
    new Option('--color <when>', 'colours (NO_COLOR and FORCE_COLOR count too)').choices(COLOR_MODES).default('auto'),
  );

const fixing = (command: Command): Command =>
  command
    .addOption(new Option('--apply', 'write the changes into the manifests: all of them or none'))
    .addOption(new Option('--patch-dir <folder>', 'write them as strategic-merge patches with a kustomization'))
    .addOption(new Option('--helm', 'say what to set in the values of the chart'));

/**
 * The command line. Each command's work is loaded when it runs.
 * @param done takes the exit status
 */
export function createProgram(context: Context, done: (status: number) => void): Command {
  const { io } = context;
  const program = new Command(TOOL.name)
    .version(TOOL.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureHelp({ formatHelp })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Errors are thrown by exitOverride, and are said in one place.
      writeErr: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const commands = (): string[] => program.commands.map((command) => command.name());

  /** Runs with the files that are meant, or says how to name one. */
  const withFiles = async (
    files: readonly string[],
    work: (paths: readonly string[]) => Promise<number>,
  ): Promise<void> => {
    const paths = inputPaths(files, io, commands());
    if (paths === null) io.stderr.write(SHORT_HELP);
    done(paths === null ? EXIT.usage : await work(paths));
  };

  const explain = reading(
    program.command('explain', { isDefault: true }).description('why requests and lookups are slow (the default)'),
  );
  painting(talking(writing(explain, FORMATS)))
    .addOption(new Option('--top <number>', 'show so many findings and lookups').argParser(parseTop))
    .addOption(new Option('--full', 'every finding whole, with all that is known'))
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 from this severity on').choices(FAIL_ON).default(DEFAULT_FAIL_ON),
    )
    .action((files: string[], options: ExplainOptions) =>
      withFiles(files, async (paths) => (await import('./explain.ts')).explain(paths, options, context)),
    );

  const compare = program
    .command('compare')
    .description('did it work? what changed from one capture to another')
    .argument('<before>', 'a capture, tcpdump text, exported rows or a saved answer; - is standard input')
    .argument('<after>', 'the same, made after the change')
    .allowExcessArguments();
  painting(talking(writing(selecting(compare), FORMATS)))
    .addOption(new Option('--full', 'every kind of request, and how it was computed'))
    .action(async (before: string, after: string, options: CompareOptions) => {
      const { compare: run, refuseMore } = await import('./compare.ts');
      refuseMore(compare.args);
      done(await run(before, after, options, context));
    });

  const fix = reading(
    program.command('fix').description('the change to your manifests as a diff, from captures with -m'),
  );
  fixing(talking(fix))
    .addOption(new Option('--output <file>', 'write to a file'))
    .addOption(
      new Option('--fail-on <severity>', 'change what is found from this severity on')
        .choices(FAIL_ON)
        .default(DEFAULT_FAIL_ON),
    )
    .action((files: string[], options: FixCommandOptions) =>
      withFiles(files, async (paths) => (await import('./fix.ts')).fixManifests(paths, options, context)),
    );

  const lint = program
    .command('lint')
    .description('what manifests alone tell: settings that will slow requests')
    .argument(
      '[paths...]',
      'manifests and folders of them; kustomizations are built; - is standard input (helm template … | kubelag lint -)',
    );
  fixing(painting(writing(lint, LINT_FORMATS)))
    .addOption(new Option('--fix', 'print the changes as a diff'))
    .addOption(new Option('--top <number>', 'show so many findings').argParser(parseTop))
    .addOption(new Option('--full', 'every finding whole'))
    .addOption(new Option('--config <file>', 'what not to report (default: kubelag.yaml, where it is there)'))
    .addOption(new Option('--baseline <file>', 'report only what is not in it'))
    .addOption(new Option('--write-baseline <file>', 'write what was found, to be left out from now on'))
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 from this severity on').choices(FAIL_ON).default(DEFAULT_FAIL_ON),
    )
    .action((paths: string[], options: LintCommandOptions) =>
      withFiles(paths, async (read) => (await import('./lint.ts')).lintManifests(read, options, context)),
    );

  const show = program
    .command('show')
    .description('one request, lookup, exchange or connection, packet by packet')
    .addOption(new Option('--lookup <id>', 'a lookup by its id, such as 0.l17, or slowest'))
    .addOption(new Option('--exchange <id>', 'a request and its answer: 0.e17, or slowest'))
    .addOption(new Option('--connection <id>', 'a TCP connection: 0.c17, or slowest (to open, or by its stalls)'))
    .addOption(new Option('--request <id>', 'a request with all that it waited for: 0.r17, or slowest'))
    .addOption(new Option('--like <id>', 'a request, and those that spend their time like it: 0.r17, or slowest'))
    .addOption(new Option('--slowest', 'the slowest request; where there is none, the slowest lookup (the default)'));
  painting(talking(writing(reading(show), FORMATS))).action((files: string[], options: ShowOptions) =>
    withFiles(files, async (paths) => (await import('./show.ts')).show(paths, options, context)),
  );

  const rows = program
    .command('export')
    .description('rows for other tools')
    .addArgument(
      new Argument(
        '<rows>',
        'what a row is; rows: all that explaining them again needs; otlp: requests as traces',
      ).choices([...ROW_KINDS, OTLP]),
    )
    .addOption(
      new Option(
        '--endpoint <url>',
        "send traces to a collector's OTLP/HTTP address (http://localhost:4318)",
      ).argParser(parseEndpoint),
    );
  talking(writing(reading(rows), EXPORT_FORMATS)).action(
    (kind: RowKind | typeof OTLP, files: string[], options: ExportOptions) =>
      withFiles(files, async (paths) =>
        kind === OTLP
          ? (await import('./export-otlp.ts')).exportOtlp(paths, options, context)
          : (await import('./export.ts')).exportRows(kind, paths, options, context),
      ),
  );

  const rules = program
    .command('rules')
    .description('what is looked for, and what each finding means')
    .argument('[id]', 'a rule');
  painting(rules).action(async (id: string | undefined, options: RulesOptions) =>
    done(await (await import('./rules.ts')).listRules(id, options, context)),
  );

  const knows = program
    .command('knows')
    .description('what components do by default, and who says so')
    .argument('[component]', 'a component, or a word in the names of settings')
    .argument('[setting]', 'a word in the names of its settings')
    .addOption(new Option('--format <format>', 'how to write the answer').choices(FORMATS).default(FORMATS[0]));
  painting(knows).action(async (component: string | undefined, setting: string | undefined, options: KnowsOptions) =>
    done(await (await import('./knows.ts')).showKnown(component, setting, options, context)),
  );

  program
    .command('schema')
    .description('the JSON Schema of what is written')
    .addArgument(new Argument('[of]', 'of what').choices(SCHEMAS).default('diagnosis'))
    .action(async (of: (typeof SCHEMAS)[number]) => done(await (await import('./schema.ts')).printSchema(of, context)));

  program
    .command('completion')
    .description('completion for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const ids = (await context.services.rules()).map((rule) => rule.id);
      const known = (await context.services.known()).map(({ component }) => component);
      io.stdout.write(completionScript(shell, program, { rules: ids, knows: known }));
      done(EXIT.clear);
    });

  return program;
}
