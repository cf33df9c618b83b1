/**
 * The names and versions of what the tool writes. They stand apart from the schemas themselves
 * because reading a capture needs only the names, and loading the schema library takes longer
 * than reading a small capture does.
 */

/** The results contract: what `--format json` prints. */
export const DIAGNOSIS_SCHEMA = 'kubelag/1';
/** One attempt of a lookup, as `export transactions` writes it. */
export const TRANSACTION_SCHEMA = 'kubelag/transaction/1';
/** What an export says of an input where the findings depend on it. */
export const INPUT_SCHEMA = 'kubelag/input/1';
/** What `compare --format json` prints. */
export const COMPARISON_SCHEMA = 'kubelag/comparison/1';
