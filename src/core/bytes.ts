import { type Brand, brandOf, elementsIn, entriesOf } from './brands.ts'
import { elementsOf, isSparse } from './sparse.ts'

/**
 * About how many bytes a value takes in memory: the one definition, of `maxBytes` in memory and in IndexedDB. An estimate, from
 * what V8 is measured to spend on each kind of value (the table in bytes.test.ts): no engine tells.
 *
 * - A text counts 16 bytes, and 1 a character if all its characters are up to U+00FF, else 2; all that is made of text counts
 *   so: names of properties, sources of regular expressions, messages and stacks of errors.
 * - Short names, where an object has few, count no more than their characters: objects of one shape share them.
 * - Bytes count with the whole buffer that they keep. Holes count nothing where nearly all of an array is holes.
 * - What is met twice inside a value counts once.
 *
 * Stops once it is beyond `most`. Of someone else's object (`isShared`) no getter runs.
 */
export function estimateBytes(
  value: unknown,
  most: number = Number.POSITIVE_INFINITY,
  isShared: boolean = false,
): number {
  if (!isObject(value)) return SLOT + bytesBeside(value)
  const scale = new Scale(value, isShared)
  while (scale.bytes <= most && scale.weighNext());
  return scale.bytes
}

/** What V8 spends on each, in bytes, where a slot is what one part takes in what contains it. */
const SLOT = 8
const TEXT = 16
const OBJECT = 40
const ARRAY = 32
const MAP = 150
const SET = 130
const BUCKET = 12
const DATE = 96
const REG_EXP = 200
const ERROR = 400
const BUFFER = 100
const VIEW = 100
const SPARSE_ARRAY = 300
const SPARSE_ELEMENT = 40
/** Objects of more names are taken for dictionaries, which share no shape and have a table of their own. */
const MANY_NAMES = 100
const NAME_IN_TABLE = 72
/** Names of more characters are taken for data: nobody else's, so with a shape of their own. */
const LONG_NAME = 20
const SHAPE = 120

class Scale {
  bytes = 0
  readonly #isShared: boolean
  readonly #left: object[]
  readonly #first: object
  /** Made at the second object: most values have only one. */
  #seen: Set<object> | undefined

  constructor(value: object, isShared: boolean) {
    this.#first = value
    this.#left = [value]
    this.#isShared = isShared
  }

  /** Weighs one more of the objects that were met, its parts but not what is in them; `false` when there is none left. */
  weighNext(): boolean {
    const next = this.#left.pop()
    if (next === undefined) return false
    if (Array.isArray(next)) this.#weighArray(next)
    else if (Object.getPrototypeOf(next) === Object.prototype) this.#weighRecord(next, OBJECT)
    else this.#weighOther(next)
    return true
  }

  #add(part: unknown): void {
    this.bytes += SLOT
    if (!isObject(part)) {
      this.bytes += bytesBeside(part)
      return
    }
    if (part === this.#first || this.#seen?.has(part)) return
    this.#seen ??= new Set()
    this.#seen.add(part)
    this.#left.push(part)
  }

  #weighArray(array: readonly unknown[]): void {
    const { length } = array
    this.bytes += ARRAY
    for (let index = 0; index < length; index += 1) {
      const part = this.#read(array, index)
      if (part === undefined && !Object.hasOwn(array, index)) {
        this.#weighRest(array, index)
        break
      }
      this.#add(part)
    }
  }

  /** From the first hole on. */
  #weighRest(array: readonly unknown[], start: number): void {
    const indexes = elementsOf(array, array.length)
    const isTable = isSparse(array.length, indexes.length)
    this.bytes += isTable ? SPARSE_ARRAY : (array.length - indexes.length) * SLOT
    for (const index of indexes) {
      if (isTable) this.bytes += SPARSE_ELEMENT
      if (index >= start) this.#add(this.#read(array, index))
    }
  }

  #weighRecord(record: object, itself: number): void {
    this.bytes += itself
    const names = this.#isShared ? Reflect.ownKeys(record) : Object.keys(record)
    for (const name of names) {
      if (typeof name === 'string') this.bytes += bytesOfName(name, names.length)
      this.#add(this.#read(record, name))
    }
  }

  #weighOther(next: object): void {
    const brand = brandOf(next)
    if (brand === 'View') {
      this.bytes += VIEW
      this.#add((next as ArrayBufferView).buffer)
    } else if (brand === 'Map') {
      this.bytes += MAP
      for (const [key, part] of entriesOf.call(next as Map<unknown, unknown>)) {
        this.bytes += BUCKET
        this.#add(key)
        this.#add(part)
      }
    } else if (brand === 'Set') {
      this.bytes += SET
      for (const part of elementsIn.call(next as Set<unknown>)) {
        this.bytes += BUCKET
        this.#add(part)
      }
    } else {
      this.#weighRecord(next, bytesOfItself(next, brand))
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

function bytesOfItself(source: object, brand: Brand | undefined): number {
  switch (brand) {
    case 'Date':
      return DATE
    case 'RegExp':
      return REG_EXP + bytesOfText((source as RegExp).source)
    case 'ArrayBuffer':
      return BUFFER + (source as ArrayBuffer).byteLength
    case 'Error':
      return ERROR
    default:
      // What no more is known of: only where values are shared.
      return OBJECT
  }
}

function bytesOfName(name: string, among: number): number {
  if (among > MANY_NAMES) return NAME_IN_TABLE + TEXT + bytesOfText(name)
  return name.length > LONG_NAME ? SHAPE + bytesOfText(name) : bytesOfText(name)
}

function bytesOfText(text: string): number {
  return WIDE.test(text) ? text.length * 2 : text.length
}

/** Faster than any loop: engines know of most texts that they have no such character. */
const WIDE = /[\u0100-\uffff]/

/** What a primitive takes beside the slot it is in. */
function bytesBeside(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return TEXT + bytesOfText(value)
    case 'number':
      return Number.isInteger(value) ? 0 : SLOT
    case 'bigint':
      return 24 + value.toString(16).length / 2
    case 'function':
      return OBJECT
    default:
      return 0
  }
}
