import { parse, stringify } from 'devalue'
import { brandOf, NativeDate } from '../../core/brands.ts'
import { isCounter } from '../../core/operations.ts'

/**
 * A value as a text store keeps it. Safe integers stay numbers, so that the owner can count without decoding;
 * everything else says in `format` how to read it.
 */
export type Stored = number | Encoded

export interface Encoded {
  readonly format: string
  readonly data: string | Uint8Array
}

/** Plain JSON: other tools can read it. */
export const JSON_TEXT = 'json'
/** A top-level Uint8Array, a top-level ArrayBuffer. */
const BYTES = 'bytes'
const BUFFER = 'buffer'
/** Everything richer. Its authors do not promise the format across majors, so the major is part of the mark. */
const RICH = 'devalue6'

/** Whether the data of a format are bytes, and not text. */
export function isInBytes(format: string): boolean {
  return format === BYTES || format === BUFFER
}

/** Encodes a value that has been through `snapshot`: nothing in it can fail to encode. */
export function encode(value: unknown): Stored {
  return encodeWithin(value, Number.POSITIVE_INFINITY) as Stored
}

/** The same, or `undefined` if it would take more than so many bytes, or more than any text can have. */
export function encodeWithin(value: unknown, maxBytes: number): Stored | undefined {
  if (isCounter(value)) return value
  const encoded = encodeParts(value, maxBytes)
  return encoded === undefined || isOver(encoded, maxBytes) ? undefined : encoded
}

function encodeParts(value: unknown, maxBytes: number): Encoded | undefined {
  const brand = typeof value === 'object' && value !== null ? brandOf(value) : undefined
  if (brand === 'ArrayBuffer') return { format: BUFFER, data: new Uint8Array(value as ArrayBuffer) }
  if (brand === 'View' && (value as Uint8Array)[Symbol.toStringTag] === 'Uint8Array') {
    return { format: BYTES, data: value as Uint8Array }
  }
  const walk: Walk = { seen: new Set(), textLength: 0 }
  try {
    if (!isPlainJson(value, walk)) return { format: RICH, data: stringify(value, REDUCERS) }
    // Not to be written out, only to see how long it is: that may take all the memory there is.
    return walk.textLength > maxBytes ? undefined : { format: JSON_TEXT, data: JSON.stringify(value) }
  } catch (error) {
    // Longer than any text can be. https://developer.mozilla.org/docs/Web/JavaScript/Reference/Errors/Invalid_string_length
    if (error instanceof RangeError) return undefined
    throw error
  }
}

export interface Decoded {
  readonly value: unknown
}

/** Decodes, each time anew, or gives `undefined` for a format of another time: to a cache, that is a miss. */
export function decode(stored: Stored): Decoded | undefined {
  if (typeof stored === 'number') return { value: stored }
  const { format, data } = stored
  if (typeof data !== 'string') {
    if (format === BYTES) return { value: data.slice() }
    return format === BUFFER ? { value: data.slice().buffer } : undefined
  }
  if (format === JSON_TEXT) return { value: JSON.parse(data) }
  return format === RICH ? { value: parse(data, REVIVERS, { operations: NATIVE }) } : undefined
}

/** At most so many bytes does a stored value take in a call, where text travels as one or two bytes a character. */
export function sizeInCall(stored: Stored): number {
  if (typeof stored === 'number') return 8
  return typeof stored.data === 'string' ? stored.data.length * 2 : stored.data.length
}

/** Whether a stored value takes more than so many bytes. Most need not be encoded to know. */
export function isOver(stored: Stored, bytes: number): boolean {
  if (typeof stored === 'number' || stored.data.length * 3 <= bytes) return false
  return stored.data.length > bytes || sizeOf(stored) > bytes
}

/** The bytes a stored value takes, as far as its limit is concerned. */
export function sizeOf(stored: Stored): number {
  if (typeof stored === 'number') return 8
  return typeof stored.data === 'string' ? new TextEncoder().encode(stored.data).length : stored.data.length
}

interface Walk {
  readonly seen: Set<object>
  /** Characters of all the text met. */
  textLength: number
}

/** Whether JSON gives the value back as it is. A reference seen twice is not JSON's: it would come back as two. */
function isPlainJson(value: unknown, walk: Walk): boolean {
  if (typeof value === 'string') {
    walk.textLength += value.length
    return true
  }
  if (typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object' || walk.seen.has(value)) return false
  walk.seen.add(value)
  if (Array.isArray(value)) {
    // Holes read as undefined, which is not JSON's either.
    for (let index = 0; index < value.length; index += 1) if (!isPlainJson(value[index], walk)) return false
    return true
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const name of Object.keys(value))
    if (!isPlainJson((value as Record<string, unknown>)[name], walk)) return false
  return true
}

/** What devalue leaves to its users, or refuses: errors, and data keys named `__proto__`. */
const REDUCERS = {
  Error: (value: unknown) => {
    if (typeof value !== 'object' || value === null || brandOf(value) !== 'Error') return undefined
    const { name, message, cause } = value as Error
    return Object.hasOwn(value, 'cause') ? [name, message, cause] : [name, message]
  },
  Entries: (value: unknown) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__') && Object.entries(value),
}

const REVIVERS = {
  Error: ([name, message, ...cause]: [string, string, ...unknown[]]) => {
    const Class = Object.hasOwn(ERRORS, name) ? ERRORS[name as keyof typeof ERRORS] : Error
    return new Class(message, cause.length > 0 ? { cause: cause[0] } : undefined)
  },
  Entries: (entries: [string, unknown][]) => Object.fromEntries(entries),
}

const NATIVE = { fromISOString: (text: string) => new NativeDate(text) }

const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }
