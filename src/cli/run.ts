import { CommanderError } from 'commander';
import { printable } from '../base/text.ts';
import { UserError } from '../model/user-error.ts';
import { TOOL } from '../model/version.ts';
import { EXIT } from './exit-status.ts';
import { Interrupted } from './interruptible.ts';
import { ClosedOutput, type Io } from './io.ts';
import { createProgram } from './program.ts';

import { services as realServices, type Services } from './services.ts';
import { closest } from './suggest.ts';

/**
 * The whole program: from the words of the command line to the exit status. Never throws.
 * @param words without the program's own name
 */
export async function run(words: readonly string[], io: Io, services: Services = realServices): Promise<number> {
  let commands: readonly string[] = [];
  try {
    let status: number = EXIT.clear;
    let isAllRead = true;
    const onUnreadable = (): void => void (isAllRead = false);
    const program = createProgram({ io, services, onUnreadable }, (reached) => {
      status = reached;
    });
    commands = program.commands.map((command) => command.name());
    await program.parseAsync(words, { from: 'user' });
    return isAllRead ? status : EXIT.usage;
  } catch (error) {
    try {
      return explainFailure(notThere(error, words, commands) ?? error, io, helpOf(words, commands));
    } catch (second) {
      if (second instanceof ClosedOutput) return EXIT.clear;
      throw second;
    }
  }
}

/** `kubelag help WORD`, of which Commander would show all of the help and say nothing. */
function notThere(error: unknown, words: readonly string[], commands: readonly string[]): UserError | null {
  if (!(error instanceof CommanderError) || error.code !== 'commander.help') return null;
  const [, word = ''] = words;
  const meant = closest(word, commands);
  const hint = meant === null ? 'see kubelag --help' : `did you mean kubelag help ${meant}?`;
  return new UserError(`help ${word}: there is no such command; ${hint}`);
}

function explainFailure(error: unknown, io: Io, help: string): number {
  if (error instanceof ClosedOutput) return EXIT.clear;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof CommanderError) {
    // Help and version were asked for, and have been written.
    if (error.exitCode === 0) return EXIT.clear;
    io.stderr.write(`kubelag: ${usageMessage(error, help)}\n`);
    return EXIT.usage;
  }
  if (error instanceof UserError) {
    io.stderr.write(`kubelag: ${printable(error.message).replace(/^-: /, 'standard input: ')}\n`);
    return EXIT.usage;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(
    `kubelag: this is a bug in kubelag ${TOOL.version} (Node.js ${process.version}, ${process.platform}): please report it with these lines\n` +
      `${stack.split('\n').map(printable).join('\n')}\n`,
  );
  return EXIT.bug;
}

/** Where to read on. Options before a command made them options of explain, the default. */
function helpOf(words: readonly string[], commands: readonly string[]): string {
  const place = words.findIndex((word) => commands.includes(word));
  if (place < 0) return 'see kubelag --help';
  return place === 0
    ? `see kubelag ${words[0]} --help`
    : `a command comes first, options behind it: kubelag ${words[place]} …`;
}

/** Commander's words in one line that says what to do. */
function usageMessage(error: CommanderError, help: string): string {
  const [what = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const hint = hints
    .join(' ')
    .replace(/^\((.*)\)$/, '$1')
    .replace(/^Did/, 'did');
  const line = printable(what)
    .replace(/^command-argument value ('.*') is invalid for argument '.*'\. Allowed/, '$1 is not known here. Allowed')
    .replace(/\.$/, '')
    .replace('. Allowed choices are', '; write one of');
  if (hint !== '') return `${line}; ${printable(hint)}`;
  return line.includes('; write one of') ? line : `${line}; ${help}`;
}
