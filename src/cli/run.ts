import { CommanderError } from 'commander';
import { printable } from '../base/text.ts';
import { UserError } from '../model/user-error.ts';
import { TOOL } from '../model/version.ts';
import { EXIT } from './exit-status.ts';
import { Interrupted } from './interruptible.ts';
import { ClosedOutput, type Io } from './io.ts';
import { createProgram } from './program.ts';
import { services as realServices, type Services } from './services.ts';

/**
 * The whole program: from the words of the command line to the exit status. Never throws.
 * @param words without the program's own name
 */
export async function run(words: readonly string[], io: Io, services: Services = realServices): Promise<number> {
  try {
    let status: number = EXIT.clear;
    const program = createProgram({ io, services }, (reached) => {
      status = reached;
    });
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    try {
      return explainFailure(error, io);
    } catch (second) {
      if (second instanceof ClosedOutput) return EXIT.clear;
      throw second;
    }
  }
}

function explainFailure(error: unknown, io: Io): number {
  if (error instanceof ClosedOutput) return EXIT.clear;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof CommanderError) {
    // Help and version were asked for, and have been written.
    if (error.exitCode === 0) return EXIT.clear;
    io.stderr.write(`kubelag: ${usageMessage(error)}\n`);
    return EXIT.usage;
  }
  if (error instanceof UserError) {
    io.stderr.write(`kubelag: ${printable(error.message)}\n`);
    return EXIT.usage;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(
    `kubelag: this is a bug in kubelag ${TOOL.version} (Node.js ${process.version}, ${process.platform}): please report it with these lines\n` +
      `${stack.split('\n').map(printable).join('\n')}\n`,
  );
  return EXIT.bug;
}

/** Commander's words in one line that says what to do. */
function usageMessage(error: CommanderError): string {
  const [what = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const hint = hints
    .join(' ')
    .replace(/^\((.*)\)$/, '$1')
    .replace(/^Did/, 'did');
  const line = printable(what).replace(/\.$/, '').replace('. Allowed choices are', '; write one of');
  if (hint !== '') return `${line}; ${printable(hint)}`;
  return line.includes('; write one of') ? line : `${line}; see kubelag --help`;
}
