import type { Entry } from './adapter.ts'
import type { CallContext } from './call-context.ts'
import { CacheError } from './errors.ts'
import type { ListCall, MaybePromise, ReadPlan } from './plans.ts'
import { valid } from './schema.ts'
import { isThenable } from './snapshot.ts'
import type { Store } from './store.ts'

/** Yields the caller's own keys. */
export async function* listKeys(store: Store, call: ListCall): AsyncGenerator<string, void, undefined> {
  for await (const keys of store.listKeys(call)) for (const key of keys) yield userKey(call, key)
}

/** Yields the caller's own keys with the values that they have when their portion is read. */
export async function* listEntries(
  context: CallContext,
  store: Store,
  call: ListCall,
): AsyncGenerator<[key: string, value: unknown], void, undefined> {
  for await (const keys of store.listKeys(call)) {
    const found = await store.read(() => valuesOf(context, call, keys))
    for (const [key, value] of found) {
      const checked = await value
      if (checked !== NO_VALUE) yield [key, checked]
    }
  }
}

/** {@link listKeys} of a store that answers synchronously. */
export function* listKeysSync(call: ListCall, keys: readonly string[]): Generator<string, void, undefined> {
  for (const key of keys) yield userKey(call, key)
}

/** {@link listEntries} of a store that answers synchronously. */
export function* listEntriesSync(
  context: CallContext,
  call: ListCall,
  keys: readonly string[],
  read: <R>(plan: ReadPlan<R>) => R,
): Generator<[key: string, value: unknown], void, undefined> {
  for (const key of keys) {
    for (const [own, value] of read(valuesOf(context, call, [key]))) {
      if (isThenable(value)) throw new TypeError(`${call.method} takes a schema that answers synchronously`)
      if (value !== NO_VALUE) yield [own, value]
    }
  }
}

/** Reads a portion: its live entries, with values that the schema accepts. */
function valuesOf(
  context: CallContext,
  call: ListCall,
  keys: readonly string[],
): ReadPlan<[key: string, value: MaybePromise<unknown>][]> {
  const { method, schema } = call
  return {
    method,
    keys,
    wanted: 'value',
    fresh: true,
    now: context.now(),
    finish: (entries: readonly (Entry | undefined)[]) =>
      keys.map((key, index) => {
        const entry = entries[index]
        const own = userKey(call, key)
        if (entry === undefined) return [own, NO_VALUE]
        const value = context.copyOut(entry.value, own)
        return [own, schema === undefined ? value : valid(schema, value, NO_VALUE)]
      }),
    missed: () => {
      throw new CacheError('ADAPTER_FAILED', `${method} failed: some of the values could not be read`)
    },
  }
}

const NO_VALUE: unique symbol = Symbol('no value')

function userKey({ prefixLength }: ListCall, key: string): string {
  return key.slice(prefixLength)
}
