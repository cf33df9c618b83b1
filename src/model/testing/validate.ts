import { Ajv, type AnySchemaObject } from 'ajv';

/** What a value breaks of a JSON Schema; empty where it is valid. */
export function problemsOf(schema: AnySchemaObject, value: unknown): string[] {
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

/** As it is after writing and reading. */
export const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
