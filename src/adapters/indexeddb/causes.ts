/** A value as it is stored, with the causes of its errors if the browser would not keep them. */
export interface StoredValue {
  readonly value: unknown
  /** The cause of each error in the value, in the order of {@link errorsIn}; `null` = it has none. */
  readonly causes?: readonly (StoredValue | null)[]
}

let areKept: boolean | undefined

/**
 * A value ready to be stored. The structured clone of WebKit (seen in 2.50) turns the causes of errors into text, and an error
 * that appears twice into two: there the causes are stored beside the value.
 * https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeinternal
 */
export function toStore(value: unknown): StoredValue {
  areKept ??= structuredClone(new Error('', { cause: 0 })).cause === 0
  return areKept ? { value } : withCauses(value)
}

export function withCauses(value: unknown): StoredValue {
  const causes = errorsIn(value).map((error) =>
    Object.hasOwn(error, 'cause') ? withCauses(error.cause) : null,
  )
  return causes.every((cause) => cause === null) ? { value } : { value, causes }
}

/** The value as it was, with the causes of its errors. */
export function fromStored({ value, causes }: StoredValue): unknown {
  if (causes === undefined) return value
  for (const [index, error] of errorsIn(value).entries()) {
    const cause = causes[index]
    if (cause === null || cause === undefined) continue
    const property = { value: fromStored(cause), enumerable: false, writable: true, configurable: true }
    Object.defineProperty(error, 'cause', property)
  }
  return value
}

/** The errors in a value, without those in their causes. One that appears twice is there twice. A clone has the same order. */
function errorsIn(value: unknown): Error[] {
  const errors: Error[] = []
  const seen = new Set<unknown>()
  const left = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (next instanceof Error) errors.push(next)
    if (typeof next !== 'object' || next === null || next instanceof Error) continue
    if (seen.has(next) || ArrayBuffer.isView(next)) continue
    seen.add(next)
    // Not spread into one call: engines take about 65,000 arguments at most.
    if (next instanceof Map) for (const pair of next) for (const part of pair) left.push(part)
    else for (const part of next instanceof Set ? next : Object.values(next)) left.push(part)
  }
  return errors
}
