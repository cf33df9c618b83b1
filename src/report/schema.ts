import { DiagnosisSchema } from '../model/diagnosis.ts';

/** The JSON Schema of what `--format json` prints. */
export const jsonSchema = (): object => ({
  // The dialect in which a tuple is a list of `items`, as the schema's histograms write it.
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'kubelag diagnosis',
  ...structuredClone(DiagnosisSchema),
});
