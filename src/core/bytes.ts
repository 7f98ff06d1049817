import { type Brand, brandOf, elementsIn, entriesOf } from './brands.ts'
import { elementsOf, isSparse } from './sparse.ts'

/**
 * Estimates how many bytes a value takes in memory. `maxBytes` uses it in memory and in IndexedDB. No engine
 * reports exact sizes; the estimate follows what V8 was measured to use for each type (the table in
 * bytes.test.ts).
 *
 * - A string counts 16 bytes, plus 1 byte a character if all its characters are up to U+00FF, else 2. The
 *   same goes for property names, sources of regular expressions, and messages and stacks of errors.
 * - Short property names of an object with few properties count only their characters: objects of one shape
 *   share them.
 * - A view counts the whole buffer that it keeps alive. Holes count nothing in an array that is nearly all
 *   holes.
 * - An object that occurs twice inside a value counts once.
 *
 * Stops once the estimate exceeds `most`. No getter of another owner's object (`isShared`) runs.
 */
export function estimateBytes(
  value: unknown,
  most: number = Number.POSITIVE_INFINITY,
  isShared: boolean = false,
): number {
  if (!isObject(value)) return SLOT_BYTES + bytesOutsideSlot(value)
  const estimator = new SizeEstimator(value, isShared)
  while (estimator.bytes <= most && estimator.addNext());
  return estimator.bytes
}

/** Bytes that V8 uses for each. A slot is the space that a part takes in its container. */
const SLOT_BYTES = 8
const STRING_BYTES = 16
const OBJECT_BYTES = 40
const ARRAY_BYTES = 32
const MAP_BYTES = 150
const SET_BYTES = 130
const COLLECTION_ENTRY_BYTES = 12
const DATE_BYTES = 96
const REG_EXP_BYTES = 200
const ERROR_BYTES = 400
const BUFFER_BYTES = 100
const VIEW_BYTES = 100
const SPARSE_ARRAY_BYTES = 300
const SPARSE_ELEMENT_BYTES = 40
/** V8 stores objects with more properties as dictionaries, which share no shape. */
const MAX_SHAPE_NAMES = 100
const DICTIONARY_NAME_BYTES = 72
/** Longer names are taken for data that no other object shares, so the object has its own shape. */
const MAX_SHARED_NAME_LENGTH = 20
const SHAPE_BYTES = 120

class SizeEstimator {
  bytes = 0
  readonly #isShared: boolean
  readonly #pending: object[]
  readonly #first: object
  /** Created at the second object: most values contain only one. */
  #seen: Set<object> | undefined

  constructor(value: object, isShared: boolean) {
    this.#first = value
    this.#pending = [value]
    this.#isShared = isShared
  }

  /** Adds one pending object and queues its parts. Returns `false` if none is left. */
  addNext(): boolean {
    const next = this.#pending.pop()
    if (next === undefined) return false
    if (Array.isArray(next)) this.#addArray(next)
    else if (Object.getPrototypeOf(next) === Object.prototype) this.#addRecord(next, OBJECT_BYTES)
    else this.#addOther(next)
    return true
  }

  #add(part: unknown): void {
    this.bytes += SLOT_BYTES
    if (!isObject(part)) {
      this.bytes += bytesOutsideSlot(part)
      return
    }
    if (part === this.#first || this.#seen?.has(part)) return
    this.#seen ??= new Set()
    this.#seen.add(part)
    this.#pending.push(part)
  }

  #addArray(array: readonly unknown[]): void {
    const { length } = array
    this.bytes += ARRAY_BYTES
    for (let index = 0; index < length; index += 1) {
      const part = this.#read(array, index)
      if (part === undefined && !Object.hasOwn(array, index)) {
        this.#addRest(array, index)
        break
      }
      this.#add(part)
    }
  }

  /** Continues from the first hole. */
  #addRest(array: readonly unknown[], start: number): void {
    const indexes = elementsOf(array, array.length)
    const isDictionary = isSparse(array.length, indexes.length)
    this.bytes += isDictionary ? SPARSE_ARRAY_BYTES : (array.length - indexes.length) * SLOT_BYTES
    for (const index of indexes) {
      if (isDictionary) this.bytes += SPARSE_ELEMENT_BYTES
      if (index >= start) this.#add(this.#read(array, index))
    }
  }

  #addRecord(record: object, itself: number): void {
    this.bytes += itself
    const names = this.#isShared ? Reflect.ownKeys(record) : Object.keys(record)
    for (const name of names) {
      if (typeof name === 'string') this.bytes += nameBytes(name, names.length)
      this.#add(this.#read(record, name))
    }
  }

  #addOther(next: object): void {
    const brand = brandOf(next)
    if (brand === 'View') {
      this.bytes += VIEW_BYTES
      this.#add((next as ArrayBufferView).buffer)
    } else if (brand === 'Map') {
      this.bytes += MAP_BYTES
      for (const [key, part] of entriesOf.call(next as Map<unknown, unknown>)) {
        this.bytes += COLLECTION_ENTRY_BYTES
        this.#add(key)
        this.#add(part)
      }
    } else if (brand === 'Set') {
      this.bytes += SET_BYTES
      for (const part of elementsIn.call(next as Set<unknown>)) {
        this.bytes += COLLECTION_ENTRY_BYTES
        this.#add(part)
      }
    } else {
      this.#addRecord(next, ownBytes(next, brand))
      if (brand !== 'Error' || this.#isShared) return
      for (const name of ['message', 'stack', 'cause']) this.#add((next as unknown as Bag)[name])
    }
  }

  #read(of: object, name: PropertyKey): unknown {
    if (!this.#isShared) return (of as Bag)[name]
    return Object.getOwnPropertyDescriptor(of, name)?.value
  }
}

type Bag = Readonly<Record<PropertyKey, unknown>>

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function ownBytes(source: object, brand: Brand | undefined): number {
  switch (brand) {
    case 'Date':
      return DATE_BYTES
    case 'RegExp':
      return REG_EXP_BYTES + stringBytes((source as RegExp).source)
    case 'ArrayBuffer':
      return BUFFER_BYTES + (source as ArrayBuffer).byteLength
    case 'Error':
      return ERROR_BYTES
    default:
      // An object of unknown type: only possible if values are shared.
      return OBJECT_BYTES
  }
}

function nameBytes(name: string, among: number): number {
  if (among > MAX_SHAPE_NAMES) return DICTIONARY_NAME_BYTES + STRING_BYTES + stringBytes(name)
  return name.length > MAX_SHARED_NAME_LENGTH ? SHAPE_BYTES + stringBytes(name) : stringBytes(name)
}

function stringBytes(text: string): number {
  return NON_LATIN1.test(text) ? text.length * 2 : text.length
}

/** Faster than a loop: engines know of most strings that they are Latin-1. */
const NON_LATIN1 = /[\u0100-\uffff]/

/** The bytes of a primitive outside its slot. */
function bytesOutsideSlot(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return STRING_BYTES + stringBytes(value)
    case 'number':
      return Number.isInteger(value) ? 0 : SLOT_BYTES
    case 'bigint':
      return 24 + value.toString(16).length / 2
    case 'function':
      return OBJECT_BYTES
    default:
      return 0
  }
}
