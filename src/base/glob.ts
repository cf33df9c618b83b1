/** Whether a name is one of some patterns in which `*` stands for anything; none at all matches every name. */
export function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const expressions = patterns.map((pattern) => {
    const bare = pattern.toLowerCase().replace(/\.$/, '');
    // Runs of stars are one: nothing may make the match slow.
    const escaped = bare.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*');
    return new RegExp(`^${escaped}$`, 's');
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
