import { existsSync } from 'node:fs';
import { UserError } from '../model/user-error.ts';
import type { Io } from './io.ts';
import { closest } from './suggest.ts';

/** As a file name: standard input or output. */
export const STANDARD_STREAM = '-';

/** What files a command reads: where none is named, what is piped in. Null where nothing is. */
export function inputPaths(
  files: readonly string[],
  io: Pick<Io, 'stdinIsTerminal'>,
  commands: readonly string[],
): readonly string[] | null {
  if (files.length === 0) return io.stdinIsTerminal ? null : [STANDARD_STREAM];
  const seen = new Set<string>();
  for (const file of files) {
    if (seen.has(file)) throw new UserError(`${file}: is named twice; its packets would count twice`);
    seen.add(file);
    if (file === STANDARD_STREAM && io.stdinIsTerminal) {
      throw new UserError('-: nothing is piped in; try: tcpdump -i any -s 0 -w - port 53 | kubelag -');
    }
  }
  const first = files[0] as string;
  // `kubelag --quiet show a.pcap`: options before it made the word a file of explain's.
  if (commands.includes(first) && !existsSync(first)) {
    throw new UserError(`${first}: no such file; a command comes first, options behind it: kubelag ${first} …`);
  }
  // `kubelag exprot a.pcap`: explain is the default command, so the word arrives as a file.
  const meant = /^[a-z]+$/.test(first) && !existsSync(first) ? closest(first, commands) : null;
  if (meant !== null) throw new UserError(`${first}: no such file or command; did you mean kubelag ${meant}?`);
  return files;
}
