import type { DnsOption, Located, ResolvConf } from '../model/workload.ts';
import { createLines } from './yaml/lines.ts';

// Resolvers read a few lines; a longer file is something else.
const MAX_LENGTH = 64 << 10;
const MAX_VALUES = 100;

/** Is it named as such a file is: `resolv.conf`, `pod.resolv.conf`? */
export const isResolvConf = (name: string): boolean => /(?:^|\.)resolv\.conf$/.test(name);

/**
 * What a `resolv.conf` says, as resolv.conf(5) reads it.
 * @param file as the user named it
 */
export function readResolvConf(file: string, text: string): ResolvConf {
  const read = {
    file,
    searches: [] as Located<string>[],
    options: [] as DnsOption[],
  };
  if (text.length > MAX_LENGTH) return read;
  const lines = createLines(file, text);
  for (const match of text.matchAll(/^(search|domain|options)[ \t]+([^\n]*)$/gm)) {
    const start = match.index + match[0].length - match[2]!.length;
    // A comment ends where it begins: `#` or `;`, as all resolvers but glibc take it.
    const said = match[2]!.replace(/\s[#;].*$/, '');
    const words = [...said.matchAll(/[^\s]+/g)].slice(0, MAX_VALUES).map((word): Located<string> => {
      const from = start + word.index;
      return { value: word[0], place: lines.place(from, from + word[0].length) };
    });
    if (match[1] === 'options') {
      for (const word of words) if (read.options.length < MAX_VALUES) read.options.push(optionOf(word));
    } else read.searches = match[1] === 'domain' ? words.slice(0, 1) : words;
  }
  return read;
}

function optionOf({ value, place }: Located<string>): DnsOption {
  const colon = value.indexOf(':');
  if (colon < 0) return { name: { value, place }, value: null };
  const [from, to] = place.range;
  const behind = colon + 1;
  return {
    name: { value: value.slice(0, colon), place: { ...place, range: [from, from + colon] } },
    value: {
      value: value.slice(behind),
      place: { ...place, column: place.column + behind, range: [from + behind, to] },
    },
  };
}
