import { type Brand, brandOf, elementsIn, entriesOf, NativeDate, nameOfKind, timeOf } from './brands.ts'
import { CacheError, quoteKey } from './errors.ts'
import { elementsOf, isSparse } from './sparse.ts'

/**
 * Copies a value all the way down, and refuses with `INVALID_VALUE` and the path to the culprit whatever some
 * adapter could not give back as it went in. It is what makes cached values snapshots, and the one definition of
 * what may be cached:
 *
 * - primitives but symbols; `undefined` only inside a value;
 * - plain objects (own enumerable text keys, any name), arrays (elements and holes);
 * - Date, RegExp, Map, Set, BigInt, Error (standard class, message, cause), ArrayBuffer, DataView, typed arrays
 *   (the bytes they show; a Node Buffer comes back as the Uint8Array it is);
 * - cycles and shared references, which stay cycles and shared.
 */
export function snapshot<T>(value: T, key: string, method: string): T {
  if (!isObject(value)) {
    if (value === undefined || isRefusedPrimitive(value)) throw refuse(value, [], key, method)
    return value
  }
  try {
    const flat = Object.getOwnPropertySymbols(value).length === 0 ? copyFlat(value) : undefined
    return (flat ?? new Copier(key, method).copy(value, 0)) as T
  } catch (error) {
    // A getter that throws, a revoked proxy: the value's own fault, told as such.
    if (error instanceof CacheError) throw error
    throw unreadable(key, method, error)
  }
}

/**
 * A value that is kept uncopied. Unchecked but for one thing: a promise, or whatever else has a `then`, would be
 * awaited by whoever gets it from an async method, and come out as something else.
 */
export function sharedValue<T>(value: T, key: string, method: string): T {
  let hasThen: boolean
  try {
    hasThen = isThenable(value)
  } catch (cause) {
    throw unreadable(key, method, cause)
  }
  if (hasThen)
    throw invalid(`it is ${nameOf(value as object)} with a method "then": await it`, [], key, method)
  return value
}

/** Whether `await` would wait for it: a promise, of this realm or another, or what acts as one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (isObject(value) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** A copy of what {@link snapshot} made, which needs no checks: whatever was stored can be read. */
export function copyOf<T>(value: T, key: string): T {
  return isObject(value) ? ((copyFlat(value) ?? new Copier(key, 'A read', true).copy(value, 0)) as T) : value
}

/** A plain object of primitives without symbols for names, as most cached records are; of anything else `undefined`. */
function copyFlat(source: object): object | undefined {
  if (Object.getPrototypeOf(source) !== Object.prototype) return undefined
  const copy: Record<string, unknown> = { ...source }
  for (const name in copy) {
    const part = copy[name]
    if (isObject(part) || isRefusedPrimitive(part)) return undefined
  }
  return copy
}

/** Levels of nesting. Every adapter can hold that many; JSON text and recursion give out at a few thousand. */
const MAX_DEPTH = 500

/** Elements of an array that is spread, which takes no more room than it needs: one that grows takes room for 17 at once. */
const SMALL = 64

class Copier {
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

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isRefusedPrimitive(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol'
}

function refuse(value: unknown, path: readonly (string | number)[], key: string, method: string): CacheError {
  const why =
    value === undefined ? 'it is undefined, which means "missing"; use null' : `it is a ${typeof value}`
  return invalid(why, path, key, method)
}

function invalid(why: string, path: readonly (string | number)[], key: string, method: string): CacheError {
  const where = path.length === 0 ? 'the value' : `the part at ${showPath(path)}`
  return new CacheError('INVALID_VALUE', `${method} cannot store ${where} of ${quoteKey(key)}: ${why}`, {
    key,
  })
}

function unreadable(key: string, method: string, cause: unknown): CacheError {
  return new CacheError(
    'INVALID_VALUE',
    `${method} cannot store the value of ${quoteKey(key)}: reading it failed`,
    {
      key,
      cause,
    },
  )
}

function showPath(path: readonly (string | number)[]): string {
  const shown = path.slice(0, 12).map((part) => `[${JSON.stringify(part)}]`)
  return shown.join('') + (path.length > 12 ? '…' : '')
}

function nameOf(source: object): string {
  const name = (source as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' ? `a ${name}` : 'an object of an unknown class'
}
