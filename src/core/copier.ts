import { type Brand, brandOf, elementsIn, entriesOf, NativeDate, nameOfKind, timeOf } from './brands.ts'
import type { CacheError } from './errors.ts'
import { elementsOf, isSparse } from './sparse.ts'
import { invalid, isObject, isRefusedPrimitive, nameOf, refuse } from './value-errors.ts'

/** The deepest nesting. Every adapter supports it. JSON text and recursion fail at a few thousand levels. */
const MAX_DEPTH = 500

/**
 * The longest array to copy by spreading, which allocates exactly what it needs. An array that grows
 * allocates space for 17 elements at once.
 */
const MAX_SPREAD_LENGTH = 64

/** Deep-copies one value, or throws with the path to the part that cannot be stored. */
export class Copier {
  readonly #key: string
  readonly #method: string
  /** Created at the second object: most values contain only one. */
  #seen: Map<object, object> | undefined
  #root: object | undefined
  #rootCopy: object | undefined
  /** Objects that text formats can rebuild only when all their parts exist. No part may refer back to one. */
  #unfinished: Set<object> | undefined
  readonly #path: (string | number)[] = []
  readonly #isTrusted: boolean

  constructor(key: string, method: string, isTrusted = false) {
    this.#key = key
    this.#method = method
    this.#isTrusted = isTrusted
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
    if (this.#unfinished?.has(source)) {
      throw this.#refuse('it is part of a cycle through an error or an object with a "__proto__" key', depth)
    }
    if (source === this.#root) return this.#rootCopy
    return this.#seen?.get(source)
  }

  /** Must be called before descending, so that a cycle finds the copy of its first object. */
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
      return this.#copyAcyclic(source, () => this.#copyParts(source, copy, names, depth))
    for (const name of names) copy[name] = this.#part(source[name], name, depth)
    return copy
  }

  #copyParts(source: Record<string, unknown>, copy: object, names: string[], depth: number): object {
    for (const name of names) define(copy, name, this.#part(source[name], name, depth))
    return copy
  }

  #copyAcyclic(source: object, copyInside: () => object): object {
    this.#unfinished ??= new Set()
    this.#unfinished.add(source)
    const copy = copyInside()
    this.#unfinished.delete(source)
    return copy
  }

  #copyArray(source: readonly unknown[], depth: number): object {
    const { length } = source
    if (length <= MAX_SPREAD_LENGTH && Object.getPrototypeOf(source) === Array.prototype) {
      return this.#copySmallArray(source, depth)
    }
    const copy = this.#remember(source, [] as unknown[], depth)
    for (let index = 0; index < length; index += 1) {
      const element = source[index]
      // This is the first hole. There may be billions more, so iterate over the keys instead.
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
      // An element far from the others makes the engine use a dictionary, where holes take no space. Setting
      // `length` would allocate all of it.
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
    if (brand !== undefined && (this.#isTrusted || isUnderived(source, brand))) {
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
          // Its own slice() would return a buffer of its own realm.
          return this.#remember(source, bytesOf(source as ArrayBuffer), depth)
        case 'Map':
          return this.#copyMap(source as Map<unknown, unknown>, depth)
        case 'Set':
          return this.#copySet(source as Set<unknown>, depth)
      }
    }
    const hint = nameOfKind(source) === 'Promise' ? ': await it' : ', and only plain data can be cached'
    throw this.#refuse(`it is ${nameOf(source)}${hint}`, depth)
  }

  #copyMap(source: Map<unknown, unknown>, depth: number): object {
    const copy = this.#remember(source, new NativeMap<unknown, unknown>(), depth)
    let index = 0
    // A getter may add entries during the iteration, which then might never end.
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
    const Class = STANDARD_ERRORS[(this.#isTrusted ? source.name : source.constructor?.name) ?? '']
    if (!this.#isTrusted && (Class === undefined || source.name !== Class.name)) {
      throw this.#refuse(`it is ${nameOf(source)}, and only standard errors can be cached`, depth)
    }
    if (extra !== undefined) {
      throw this.#refuse(`it is an error with the own property ${JSON.stringify(extra)}`, depth)
    }
    const { message, stack } = source
    const copy = this.#remember(source, withoutFrames(Class ?? Error, String(message)), depth)
    // Keep the stack only as a string. `Error.prepareStackTrace` may return an object that refers to
    // everything on the stack.
    define(copy, 'stack', typeof stack === 'string' ? stack : undefined, false)
    if (!Object.hasOwn(source, 'cause')) return copy
    return this.#copyAcyclic(source, () => {
      define(copy, 'cause', this.#part(source.cause, 'cause', depth), false)
      return copy
    })
  }

  #refuse(why: string, depth: number): CacheError {
    return invalid(why, this.#path.slice(0, depth), this.#key, this.#method)
  }
}

/**
 * The error classes that the structured clone algorithm supports:
 * https://html.spec.whatwg.org/#structuredserializeinternal
 */
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
 * Creates an error without capturing stack frames. Until its stack is read, V8 keeps the functions on the
 * stack, their receivers, and everything these refer to. https://v8.dev/docs/stack-trace-api
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

// The original classes, even if something else replaces the globals later.
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
 * True if a built-in is a direct instance of its class, in any realm: the prototype of such a class is two
 * steps from the end of the chain. A fake that replaces the global class counts as the class. Fake timers
 * derive their `Date` from it and report no difference.
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

/** Always defines an own property. Assigning to `__proto__` would change the prototype. */
function define(target: object, name: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, name, { value, enumerable, writable: true, configurable: true })
}

function copyView(source: ArrayBufferView): ArrayBufferView {
  const bytes = bytesOf(source.buffer, source.byteOffset, source.byteLength)
  const type: string = (source as Uint8Array)[Symbol.toStringTag]
  // Some supported engines have no Float16Array.
  const View = VIEWS[type] ?? (globalThis as unknown as typeof VIEWS)[type] ?? Uint8Array
  return new View(bytes)
}

function bytesOf(buffer: ArrayBufferLike, start?: number, length?: number): ArrayBuffer {
  return new Uint8Array(buffer, start, length).slice().buffer as ArrayBuffer
}
