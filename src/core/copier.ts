import { type Brand, brandOf, elementsIn, entriesOf, NativeDate, nameOfKind, timeOf } from './brands.ts'
import type { CacheError } from './errors.ts'
import { elementsOf, isSparse } from './sparse.ts'
import { invalid, isObject, isRefusedPrimitive, nameOf, refuse } from './value-errors.ts'

/** Levels of nesting. Every adapter can hold that many; JSON text and recursion give out at a few thousand. */
const MAX_DEPTH = 500

/** Elements of an array that is spread, which takes no more room than it needs: one that grows takes room for 17 at once. */
const SMALL = 64

/** Copies one value all the way down, or throws with the path to what cannot be stored. */
export class Copier {
  readonly #key: string
  readonly #method: string
  /** Made at the second object: most values have only one. */
  #seen: Map<object, object> | undefined
  #root: object | undefined
  #rootCopy: object | undefined
  /** What text formats can only rebuild once all its parts are there: nothing inside may lead back to it. */
  #open: Set<object> | undefined
  readonly #path: (string | number)[] = []
  readonly #isOurs: boolean

  constructor(key: string, method: string, isOurs = false) {
    this.#key = key
    this.#method = method
    this.#isOurs = isOurs
  }

  copy(source: object, depth: number): object {
    if (depth > 0) {
      const known = this.#known(source, depth)
      if (known !== undefined) return known
    }
    if (depth > MAX_DEPTH) throw this.#refuse(`it is nested more than ${MAX_DEPTH} levels deep`, depth)
    if (Array.isArray(source)) return this.#copyArray(source, depth)
    const prototype: unknown = Object.getPrototypeOf(source)
    if (prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null) {
      return this.#copyPlain(source as Record<string, unknown>, depth)
    }
    return this.#copyBuiltIn(source, depth)
  }

  #known(source: object, depth: number): object | undefined {
    if (this.#open?.has(source)) {
      throw this.#refuse(
        'it leads back into an error, or an object with a "__proto__" key, that contains it',
        depth,
      )
    }
    if (source === this.#root) return this.#rootCopy
    return this.#seen?.get(source)
  }

  /** Must be called before descending, so that a cycle finds its own beginning. */
  #remember<T extends object>(source: object, copy: T, depth: number): T {
    if (depth === 0) {
      this.#root = source
      this.#rootCopy = copy
    } else {
      this.#seen ??= new Map()
      this.#seen.set(source, copy)
    }
    return copy
  }

  #part(value: unknown, name: string | number, depth: number): unknown {
    if (!isObject(value)) {
      if (!isRefusedPrimitive(value)) return value
      this.#path[depth] = name
      throw refuse(value, this.#path.slice(0, depth + 1), this.#key, this.#method)
    }
    this.#path[depth] = name
    return this.copy(value, depth + 1)
  }

  #copyPlain(source: Record<string, unknown>, depth: number): object {
    const copy = this.#remember(source, {} as Record<string, unknown>, depth)
    const names = Object.keys(source)
    if (names.includes('__proto__'))
      return this.#sealed(source, () => this.#copyParts(source, copy, names, depth))
    for (const name of names) copy[name] = this.#part(source[name], name, depth)
    return copy
  }

  #copyParts(source: Record<string, unknown>, copy: object, names: string[], depth: number): object {
    for (const name of names) define(copy, name, this.#part(source[name], name, depth))
    return copy
  }

  #sealed(source: object, copyInside: () => object): object {
    this.#open ??= new Set()
    this.#open.add(source)
    const copy = copyInside()
    this.#open.delete(source)
    return copy
  }

  #copyArray(source: readonly unknown[], depth: number): object {
    const { length } = source
    if (length <= SMALL && Object.getPrototypeOf(source) === Array.prototype) {
      return this.#copySmallArray(source, depth)
    }
    const copy = this.#remember(source, [] as unknown[], depth)
    for (let index = 0; index < length; index += 1) {
      const element = source[index]
      // The first hole: what is left may be billions of them, so go by the keys.
      if (element === undefined && !Object.hasOwn(source, index)) {
        return this.#copySparse(source, length, copy, depth)
      }
      copy.push(this.#part(element, index, depth))
    }
    return copy
  }

  #copySmallArray(source: readonly unknown[], depth: number): object {
    const { length } = source
    const copy = this.#remember(source, [...source], depth)
    for (let index = 0; index < length; index += 1) {
      const element = copy[index]
      if (isObject(element) || isRefusedPrimitive(element)) {
        copy[index] = this.#part(element, index, depth)
      } else if (element === undefined && !Object.hasOwn(source, index)) {
        copy.length = index
        return this.#copySparse(source, length, copy, depth)
      }
    }
    return copy
  }

  #copySparse(source: readonly unknown[], length: number, copy: unknown[], depth: number): object {
    const indexes = elementsOf(source, length)
    const start = copy.length
    if (isSparse(length, indexes.length)) {
      // Far from the others, an engine keeps elements in a table, where holes take nothing. A longer `length` takes room for all.
      copy[length - 1] = undefined
      delete copy[length - 1]
    } else {
      copy.length = length
    }
    for (const index of indexes) if (index >= start) copy[index] = this.#part(source[index], index, depth)
    return copy
  }

  #copyBuiltIn(source: object, depth: number): object {
    const brand = brandOf(source)
    if (brand === 'View') return this.#remember(source, copyView(source as ArrayBufferView), depth)
    if (brand === 'Error') return this.#copyError(source as Error, depth)
    if (brand !== undefined && (this.#isOurs || isUnderived(source, brand))) {
      switch (brand) {
        case 'Date':
          return this.#remember(source, new NativeDate(timeOf.call(source as Date)), depth)
        case 'RegExp':
          return this.#remember(
            source,
            new NativeRegExp((source as RegExp).source, (source as RegExp).flags),
            depth,
          )
        case 'ArrayBuffer':
          // Not by its own slice(), which gives one of its own realm.
          return this.#remember(source, bytesOf(source as ArrayBuffer), depth)
        case 'Map':
          return this.#copyMap(source as Map<unknown, unknown>, depth)
        case 'Set':
          return this.#copySet(source as Set<unknown>, depth)
      }
    }
    const hint = nameOfKind(source) === 'Promise' ? ': await it' : ', and only plain data can be kept'
    throw this.#refuse(`it is ${nameOf(source)}${hint}`, depth)
  }

  #copyMap(source: Map<unknown, unknown>, depth: number): object {
    const copy = this.#remember(source, new NativeMap<unknown, unknown>(), depth)
    let index = 0
    // What a getter adds meanwhile would be walked as well, and so on.
    let left = source.size
    for (const [name, part] of entriesOf.call(source)) {
      if (left-- === 0) break
      copy.set(this.#part(name, `key ${index}`, depth), this.#part(part, `value ${index}`, depth))
      index += 1
    }
    return copy
  }

  #copySet(source: Set<unknown>, depth: number): object {
    const copy = this.#remember(source, new NativeSet<unknown>(), depth)
    let index = 0
    let left = source.size
    for (const part of elementsIn.call(source)) {
      if (left-- === 0) break
      copy.add(this.#part(part, `element ${index}`, depth))
      index += 1
    }
    return copy
  }

  #copyError(source: Error, depth: number): object {
    const extra = Object.keys(source).find((name) => !['cause', 'message', 'stack'].includes(name))
    const Class = STANDARD_ERRORS[(this.#isOurs ? source.name : source.constructor?.name) ?? '']
    if (!this.#isOurs && (Class === undefined || source.name !== Class.name)) {
      throw this.#refuse(`it is ${nameOf(source)}, and only the standard errors can be kept`, depth)
    }
    if (extra !== undefined) {
      throw this.#refuse(`it is an error with a property of its own, ${JSON.stringify(extra)}`, depth)
    }
    const { message, stack } = source
    const copy = this.#remember(source, withoutFrames(Class ?? Error, String(message)), depth)
    // As text: what `Error.prepareStackTrace` may make of it instead leads to everything that ran.
    define(copy, 'stack', typeof stack === 'string' ? stack : undefined, false)
    if (!Object.hasOwn(source, 'cause')) return copy
    return this.#sealed(source, () => {
      define(copy, 'cause', this.#part(source.cause, 'cause', depth), false)
      return copy
    })
  }

  #refuse(why: string, depth: number): CacheError {
    return invalid(why, this.#path.slice(0, depth), this.#key, this.#method)
  }
}

/** The errors that the structured clone keeps: https://html.spec.whatwg.org/#structuredserializeinternal */
const STANDARD_ERRORS: Readonly<Record<string, ErrorConstructor | undefined>> = {
  __proto__: null,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
} as never

/**
 * An error that has not taken note of what called it: V8 keeps functions, their receivers and so all they lead to as long as
 * the error, until its stack is read. https://v8.dev/docs/stack-trace-api
 */
function withoutFrames(Class: ErrorConstructor, message: string): Error {
  const tracing = Error as { stackTraceLimit?: number }
  const limit = Object.getOwnPropertyDescriptor(tracing, 'stackTraceLimit')
  if (limit?.writable !== true) return new Class(message)
  tracing.stackTraceLimit = 0
  try {
    return new Class(message)
  } finally {
    tracing.stackTraceLimit = limit.value
  }
}

// Whatever stands under the global names when a value is copied.
const NativeMap = Map
const NativeSet = Set
const NativeRegExp = RegExp
const VIEWS: Readonly<Record<string, (new (buffer: ArrayBuffer) => ArrayBufferView) | undefined>> = {
  __proto__: null as never,
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
}

/**
 * Whether a built-in is an instance of its very class, in some realm: the prototype of such a class is two steps from the end.
 * A fake stands for the class while it stands under its name; fake timers' is derived from it, and denies that it is.
 */
function isUnderived(source: object, brand: Brand): boolean {
  const prototype: unknown = Object.getPrototypeOf(source)
  if (isOfBuiltIn(prototype, brand)) return true
  const standing = (globalThis as unknown as Record<Brand, { prototype?: unknown } | undefined>)[brand]
  if (prototype === standing?.prototype) return true
  const named = (source.constructor as { prototype?: unknown } | undefined)?.prototype
  return isOfBuiltIn(named, brand) && isOfBuiltIn(Object.getPrototypeOf(prototype), brand)
}

const OWN_METHOD = { Date: 'getTime', RegExp: 'exec', Map: 'get', Set: 'add', ArrayBuffer: 'slice' } as const

function isOfBuiltIn(prototype: unknown, brand: Brand): boolean {
  return (
    isObject(prototype) &&
    Object.hasOwn(prototype, OWN_METHOD[brand as keyof typeof OWN_METHOD]) &&
    Object.getPrototypeOf(Object.getPrototypeOf(prototype)) === null
  )
}

/** Own property whatever its name: assigning to `__proto__` would change the prototype instead. */
function define(target: object, name: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, name, { value, enumerable, writable: true, configurable: true })
}

function copyView(source: ArrayBufferView): ArrayBufferView {
  const bytes = bytesOf(source.buffer, source.byteOffset, source.byteLength)
  const type: string = (source as Uint8Array)[Symbol.toStringTag]
  // Float16Array is younger than some engines.
  const View = VIEWS[type] ?? (globalThis as unknown as typeof VIEWS)[type] ?? Uint8Array
  return new View(bytes)
}

function bytesOf(buffer: ArrayBufferLike, start?: number, length?: number): ArrayBuffer {
  return new Uint8Array(buffer, start, length).slice().buffer as ArrayBuffer
}
