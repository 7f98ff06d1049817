import { parse, stringify } from 'devalue'
import type { Entry } from '../../core/adapter.ts'
import { brandOf, NativeDate } from '../../core/brands.ts'
import { isCounter } from '../../core/operations.ts'
import { isOver } from './payload-size.ts'
import type { Encoded, Stored, StoredEntry } from './protocol.ts'

/** Plain JSON, which other tools can read. */
export const JSON_TEXT = 'json'
/** A top-level Uint8Array, a top-level ArrayBuffer. */
const BYTES = 'bytes'
const BUFFER = 'buffer'
/** All other values. devalue's format may change with its major version, which is therefore part of the name. */
const RICH = 'devalue6'

/** True if the data of a format are bytes, not text. */
export function isInBytes(format: string): boolean {
  return format === BYTES || format === BUFFER
}

/** Encodes a value that `snapshot` has accepted, so that nothing in it fails to encode. */
export function encode(value: unknown): Stored {
  return encodeWithin(value, Number.POSITIVE_INFINITY) as Stored
}

/** {@link encode}, or `undefined` if the result would exceed `maxBytes` or the longest possible string. */
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
    // Checked before encoding, which may need more memory than there is.
    return walk.textLength > maxBytes ? undefined : { format: JSON_TEXT, data: JSON.stringify(value) }
  } catch (error) {
    // Longer than any string can be. https://developer.mozilla.org/docs/Web/JavaScript/Reference/Errors/Invalid_string_length
    if (error instanceof RangeError) return undefined
    throw error
  }
}

export interface Decoded {
  readonly value: unknown
}

/** Decodes into a new value. `undefined`, a miss, for an unknown format. */
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

/** The entry as its caller stored it. `undefined`, a miss, for an unknown format. */
export function decodeEntry(entry: StoredEntry): Entry | undefined {
  const decoded = decode(entry.value)
  return decoded && { ...entry, value: decoded.value }
}

interface Walk {
  readonly seen: Set<object>
  /** The total length of the strings found. */
  textLength: number
}

/** True if the value survives JSON. One with a repeated reference does not: it would come back as two objects. */
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
    // Holes read as undefined, which JSON cannot express either.
    for (let index = 0; index < value.length; index += 1) if (!isPlainJson(value[index], walk)) return false
    return true
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const name of Object.keys(value))
    if (!isPlainJson((value as Record<string, unknown>)[name], walk)) return false
  return true
}

/** For what devalue does not support: errors, and properties named `__proto__`. */
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
