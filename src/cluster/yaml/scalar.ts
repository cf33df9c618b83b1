/** What a plain scalar stands for in YAML 1.2's core schema (section 10.3.2), as the package `yaml` has it. */
export function plainValue(text: string): string | number | boolean | null {
  const first = text.charCodeAt(0);
  // Letters that begin none of true, false, null and .inf: most scalars, and told at once.
  if ((first > 0x3a && first < 0x7b && !'tTfFnN~'.includes(text[0] as string)) || first === 0x2f) return text;
  switch (text) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    case '.nan':
    case '.NaN':
    case '.NAN':
      return Number.NaN;
  }
  if (/^[-+]?(?:\.[0-9]+|[0-9]+\.?[0-9]*)(?:[eE][-+]?[0-9]+)?$/.test(text)) return Number(text);
  if (/^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return Number(text);
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) {
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return text;
}
