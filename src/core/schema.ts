import { isThenable } from './snapshot.ts'

/**
 * A schema of Zod, Valibot, ArkType or any other library that implements Standard Schema, version 1. These
 * are the parts of its interface that a cache uses. https://standardschema.dev
 */
export interface Schema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

export function isSchema(given: unknown): given is Schema {
  // ArkType's schemas are functions.
  if ((typeof given !== 'object' && typeof given !== 'function') || given === null) return false
  return typeof (given as Partial<Schema>)['~standard']?.validate === 'function'
}

/** Returns the schema's output for a stored value, or `otherwise` if the value does not have its shape. */
export function valid<T>(schema: Schema, value: unknown, otherwise: T): unknown {
  const result = schema['~standard'].validate(value)
  return isThenable(result) ? result.then((later) => outputOf(later, otherwise)) : outputOf(result, otherwise)
}

function outputOf<T>(result: SchemaResult<unknown>, otherwise: T): unknown {
  return result.issues === undefined ? result.value : otherwise
}

/** The messages of a schema that refuses the value; `undefined` if it accepts it. */
export async function refusalOf(schema: Schema, value: unknown): Promise<string | undefined> {
  const { issues } = await schema['~standard'].validate(value)
  return issues?.map(({ message }) => message).join('; ')
}
