import type { Software } from '../../model/workload.ts';
import type { Lines } from '../yaml/lines.ts';

// A build of more is generated.
const MAX_DEPENDENCIES = 2_000;

/**
 * The dependencies of a Maven build with their versions: those of the element itself, of a property
 * (`${aws.version}`), or of a bill of materials of the same group (`aws-java-sdk-bom`).
 */
export function readPom(text: string, lines: Lines): Software[] {
  const bare = text.replace(/<!--[\s\S]*?-->/g, (comment) => ' '.repeat(comment.length));
  const versions = new Map<string, string>();
  const found: { group: string; artifact: string; version: string | null; start: number; end: number }[] = [];
  for (const match of bare.matchAll(/<dependency>([\s\S]{0,4000}?)<\/dependency>/g)) {
    if (found.length >= MAX_DEPENDENCIES) break;
    const inside = match[1] ?? '';
    const group = elementOf(inside, 'groupId');
    const artifact = elementOf(inside, 'artifactId');
    if (group === null || artifact === null) continue;
    const version = versionOf(bare, elementOf(inside, 'version'));
    if (version !== null) versions.set(group, version);
    const start = match.index + match[0].indexOf(artifact);
    found.push({ group, artifact, version, start, end: start + artifact.length });
  }
  return found.map(({ group, artifact, version, start, end }) => {
    const known = version ?? versions.get(group) ?? null;
    const place = lines.place(start, end);
    return {
      component: `${group}:${artifact}`,
      version: known,
      quote: { value: `${artifact} ${known ?? ''}`.trim(), place },
    };
  });
}

const elementOf = (text: string, name: string): string | null =>
  new RegExp(`<${name}>\\s*([^<\\s][^<]{0,200}?)\\s*</${name}>`).exec(text)?.[1] ?? null;

/** A property's value where the version names one. */
function versionOf(text: string, said: string | null): string | null {
  const property = /^\$\{([\w.-]{1,100})\}$/.exec(said ?? '')?.[1];
  if (property === undefined) return said;
  const escaped = property.replace(/[.]/g, '\\.');
  return new RegExp(`<${escaped}>\\s*([^<\\s]{1,100})\\s*</${escaped}>`).exec(text)?.[1] ?? null;
}
