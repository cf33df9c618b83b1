import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Words for an argument of a command that its definition does not list. */
export type ExtraWords = Readonly<Record<string, readonly string[]>>;

interface CommandWords {
  name: string;
  description: string;
  options: readonly Option[];
  /** What its own arguments may be. */
  words: readonly string[];
  takesFiles: boolean;
}

/** A completion script made from the command line's own definition, so that it cannot lag behind. */
export function completionScript(shell: Shell, program: Command, extra: ExtraWords): string {
  const commands = program.commands.map((command): CommandWords => {
    const listed = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
    return {
      name: command.name(),
      description: command.description(),
      options: command.options,
      words: [...listed, ...(extra[command.name()] ?? [])],
      takesFiles: command.registeredArguments.some((argument) => argument.variadic || FILES.has(argument.name())),
    };
  });
  // `kubelag FILE` is `kubelag explain FILE`.
  const usual = commands.find((command) => command.name === 'explain')!;
  return { bash, zsh, fish }[shell](commands, usual);
}

/** Arguments that are one file each. */
const FILES: ReadonlySet<string> = new Set(['before', 'after']);

const takesValue = (option: Option): boolean => option.required || option.optional;
const takesFile = (option: Option): boolean => /<(?:file|path|folder)>/.test(option.flags);
/** `--manifests`, and `-m` where there is a short one. */
const spellings = ({ long, short }: Option): string[] => [long, short].filter((one) => one !== undefined);

function bash(commands: readonly CommandWords[], usual: CommandWords): string {
  const names = commands.map((command) => command.name);
  const values = commands.flatMap((command) =>
    command.options.filter(takesValue).map((option) => {
      const reply = takesFile(option)
        ? 'COMPREPLY=($(compgen -f -- "$current"))'
        : option.argChoices === undefined
          ? 'COMPREPLY=()'
          : `COMPREPLY=($(compgen -W "${option.argChoices.join(' ')}" -- "$current"))`;
      const when = spellings(option).map((one) => `"${command.name} ${one}"`);
      return `    ${when.join(' | ')}) ${reply}; return ;;`;
    }),
  );
  const options = commands.map((command) => {
    const flags = [...command.options.map((option) => option.long), '--help'].join(' ');
    return `      ${command.name}) COMPREPLY=($(compgen -W "${flags}" -- "$current")) ;;`;
  });
  const words = commands.map((command) => {
    const replies = [
      ...(command.words.length > 0 ? [`$(compgen -W "${command.words.join(' ')}" -- "$current")`] : []),
      ...(command === usual ? [`$( ((COMP_CWORD == 1)) && compgen -W "${names.join(' ')}" -- "$current")`] : []),
      ...(command.takesFiles ? ['$(compgen -f -- "$current")'] : []),
    ];
    return `    ${command.name}) COMPREPLY=(${replies.join(' ')}) ;;`;
  });
  return `# bash completion for kubelag: source <(kubelag completion bash)
_kubelag() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=${usual.name} word
  local IFS=$' \\t\\n'
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      ${names.join(' | ')}) command=$word; break ;;
    esac
  done
  case "$command $previous" in
${values.join('\n')}
  esac
  if [[ $current == -* ]]; then
    case $command in
${options.join('\n')}
    esac
    return
  fi
  case $command in
${words.join('\n')}
  esac
}
complete -o filenames -F _kubelag kubelag
`;
}

const zshText = (text: string): string =>
  text.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`).replaceAll("'", "'\\''");

const zshOption = (option: Option): string => {
  const heads = spellings(option).map((one) => `${one}[${zshText(option.description)}]`);
  if (!takesValue(option)) return heads.map((head) => `'${head}'`).join(' ');
  const value = takesFile(option)
    ? '_files'
    : option.argChoices === undefined
      ? ' '
      : `(${option.argChoices.join(' ')})`;
  return heads.map((head) => `'${head}:value:${value}'`).join(' ');
};

function zsh(commands: readonly CommandWords[], usual: CommandWords): string {
  const cases = commands.map((command) => {
    const rest = [
      ...(command.words.length > 0 ? [`'1:what:(${command.words.join(' ')})'`] : []),
      ...(command.takesFiles ? [`'*:file:_files'`] : []),
    ];
    return `    ${command.name}) _arguments ${[...command.options.map(zshOption), ...rest].join(' \\\n      ')} ;;`;
  });
  const list = commands.map((command) => `'${command.name}:${zshText(command.description)}'`);
  return `#compdef kubelag
# zsh completion for kubelag: kubelag completion zsh > a folder of $fpath/_kubelag
_kubelag() {
  local command=${usual.name} word
  local -a commands
  commands=(${list.join(' ')})
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case $word in
      ${commands.map((command) => command.name).join('|')}) command=$word; break ;;
    esac
  done
  (( CURRENT == 2 )) && _describe command commands
  # _arguments counts from the command's own name.
  if [[ $words[2] == $command ]]; then
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _kubelag ]]; then _kubelag "$@"; else compdef _kubelag kubelag; fi
`;
}

const fishText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(commands: readonly CommandWords[], usual: CommandWords): string {
  const others = commands.filter((command) => command !== usual).map((command) => command.name);
  const lines = commands.flatMap((command) => {
    // Without a command, what is typed is for the usual one.
    const when = fishText(
      command === usual
        ? `not __fish_seen_subcommand_from ${others.join(' ')}`
        : `__fish_seen_subcommand_from ${command.name}`,
    );
    const options = command.options.map((option) => {
      const parts = [`-l ${(option.long ?? '').slice(2)}`];
      if (option.short !== undefined) parts.push(`-s ${option.short.slice(1)}`);
      if (takesFile(option)) parts.push('-r -F');
      else if (option.argChoices !== undefined) parts.push(`-x -a ${fishText(option.argChoices.join(' '))}`);
      else if (takesValue(option)) parts.push('-x');
      return `complete -c kubelag -n ${when} ${parts.join(' ')} -d ${fishText(option.description)}`;
    });
    return [
      `complete -c kubelag -n __fish_use_subcommand -a ${command.name} -d ${fishText(command.description)}`,
      ...options,
      ...(command.words.length > 0 ? [`complete -c kubelag -n ${when} -a ${fishText(command.words.join(' '))}`] : []),
      ...(command.takesFiles ? [] : [`complete -c kubelag -n ${when} -f`]),
    ];
  });
  return `# fish completion for kubelag: kubelag completion fish | source\n${lines.join('\n')}\n`;
}
