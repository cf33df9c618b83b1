import { Type } from 'typebox';
import { AttemptSchema } from './lookup-schema.ts';
import { TRANSACTION_SCHEMA } from './schema-names.ts';

/** What {@link transactionRows} makes, as `kubelag schema transaction` prints it. */
export const TransactionSchema = Type.Interface([AttemptSchema], {
  schema: Type.Literal(TRANSACTION_SCHEMA),
  lookup: Type.String({ description: 'id of the lookup that it belongs to' }),
  input: Type.Integer(),
  client: Type.String(),
  waitSeconds: Type.Union([Type.Number(), Type.Null()], {
    description: 'from its first sending to its reply; null where no reply was seen',
  }),
});
