import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isVast, refusedValues, storableValues } from '../testing/values.ts'
import { isCacheError } from './errors.ts'
import { copyOf, snapshot } from './snapshot.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

describe('snapshot()', () => {
  it.each(storableValues)('copies $name', ({ make, flaw }) => {
    const value = make()
    const copy = snapshot(value, 'k', 'aset')
    if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value)
    if (!(Array.isArray(value) && value.length > 1_000_000)) expect(copy).toStrictEqual(make())
    expect(flaw?.(copy as never)).toBeUndefined()
  })

  it.each(refusedValues)('refuses $name, and names its path', ({ make, path }) => {
    let caught: unknown
    try {
      snapshot(make(), 'the key', 'aset')
    } catch (error) {
      caught = error
    }
    expect(isCacheError(caught, 'INVALID_VALUE')).toBe(true)
    expect((caught as Error).message).toContain(
      path === '' ? 'the value of "the key"' : `the part at ${path}`,
    )
  })

  it.each([
    { value: Promise.resolve(1), hint: 'it is a Promise: await it' },
    { value: new URL('https://example.org'), hint: 'it is a URL, and only plain data' },
    { value: { at: new (class Point {})() }, hint: 'it is a Point, and only plain data' },
  ])('explains the error: $hint', ({ value, hint }) => {
    expect(() => snapshot(value, 'k', 'aset')).toThrow(hint)
  })

  it('copies all the way down', () => {
    const value = { list: [{ at: new Date(0) }], bytes: new Uint8Array([1]) }
    const copy = snapshot(value, 'k', 'aset')
    value.list[0]?.at.setTime(5)
    value.bytes[0] = 9
    value.list.push({ at: new Date(1) })
    expect(copy).toEqual({ list: [{ at: new Date(0) }], bytes: new Uint8Array([1]) })
  })

  it('copies the bytes of a view, not its whole buffer', () => {
    const copy = snapshot(new Uint8Array(1_000).subarray(3, 5), 'k', 'aset')
    expect(copy.buffer.byteLength).toBe(2)
  })

  it.each(['', '1e3', '1.0', ' 5', '-1', '4294967296'])(
    'takes of an array with holes what its length has, and not a property named %j',
    (name) => {
      const source = Object.assign([0, 1, 2], { [name]: 'x' })
      delete source[0]
      const copy = snapshot(source, 'k', 'aset')
      expect(copy).toHaveLength(3)
      expect(Object.entries(copy)).toEqual([
        ['1', 1],
        ['2', 2],
      ])
    },
  )

  it('copies the values of getters, and reports one that throws', () => {
    expect(
      snapshot(
        {
          get computed() {
            return 3
          },
        },
        'k',
        'aset',
      ),
    ).toEqual({ computed: 3 })
    const broken = {
      get computed(): number {
        throw new Error('no')
      },
    }
    expect(() => snapshot(broken, 'k', 'aset')).toThrow(/reading it failed/)
  })

  it('copies plain objects without a prototype, and of another realm', () => {
    expect(snapshot(Object.assign(Object.create(null), { a: 1 }), 'k', 'aset')).toEqual({ a: 1 })
    const foreign = runInNewContext(
      '({ a: [1], m: new Map([[1, new Set([2])]]), d: new Date(5), e: new TypeError("x") })',
    )
    const own = { a: [1], m: new Map([[1, new Set([2])]]), d: new Date(5), e: new TypeError('x') }
    expect(snapshot(foreign, 'k', 'aset')).toStrictEqual(own)
    for (const made of ['new ArrayBuffer(3)', 'new ArrayBuffer(3, { maxByteLength: 5 })']) {
      const buffer = snapshot(runInNewContext(made), 'k', 'aset')
      expect(buffer).toBeInstanceOf(ArrayBuffer)
      expect(buffer).toStrictEqual(new ArrayBuffer(3))
    }
  })
})

describe('replaced globals', () => {
  const RealDate = Date
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  /** The ways in which tests replace a class. */
  const fakes: [string, () => void][] = [
    ['fake timers', () => vi.useFakeTimers()],
    ['fake timers, the date only', () => vi.useFakeTimers({ toFake: ['Date'], now: 5 })],
    ['a set time', () => vi.setSystemTime(5)],
    ['a derived class', () => vi.stubGlobal('Date', class FakeDate extends RealDate {})],
    ['a class with the same prototype', () => vi.stubGlobal('Date', sharingPrototype())],
    ['nothing', () => vi.stubGlobal('Date', undefined)],
    [
      'all else derived',
      () => {
        for (const Class of [Map, Set, RegExp, ArrayBuffer, Uint8Array, DataView, Error, TypeError]) {
          vi.stubGlobal(
            Class.name,
            { [Class.name]: class extends (Class as never as typeof Object) {} }[Class.name],
          )
        }
      },
    ],
  ]

  function sharingPrototype(): unknown {
    function MockDate(...args: unknown[]) {
      return Reflect.construct(RealDate, args)
    }
    MockDate.prototype = RealDate.prototype
    return MockDate
  }

  describe.each(fakes)('%s', (name, install) => {
    it.each(
      storableValues.filter(
        (value) => name !== 'nothing' || (!value.name.includes('Date') && !value.name.includes('rich')),
      ),
    )('keeps, and gives, $name', ({ make, flaw }) => {
      const expected = make()
      const before = snapshot(make(), 'k', 'aset')
      install()
      const within = snapshot(make(), 'k', 'aset')
      const read = copyOf(before, 'k')
      const readWithin = copyOf(within, 'k')
      const again = snapshot(before, 'k', 'aset')
      vi.useRealTimers()
      vi.unstubAllGlobals()
      for (const copy of [read, readWithin, again, copyOf(within, 'k'), snapshot(within, 'k', 'aset')]) {
        if (!isVast(copy)) expect(copy).toStrictEqual(expected)
        expect(flaw?.(copy as never)).toBeUndefined()
      }
    })

    it.each(refusedValues)('refuses $name', ({ make }) => {
      install()
      expect(() => snapshot(make(), 'k', 'aset')).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }))
    })
  })

  it('copies a date made under fake timers to an ordinary date', () => {
    vi.useFakeTimers({ now: 5 })
    const at = new Date()
    const stored = snapshot({ at }, 'k', 'aset')
    vi.useRealTimers()
    for (const copy of [stored, snapshot({ at }, 'k', 'aset'), copyOf(stored, 'k')]) {
      expect(Reflect.ownKeys(copy.at)).toEqual([])
      expect(Object.getPrototypeOf(copy.at)).toBe(Date.prototype)
      expect(copy.at.getTime()).toBe(5)
    }
  })

  const derived: [string, () => unknown][] = [
    ['Date', () => new (class Day extends Date {})()],
    ['Map', () => new (class Registry extends Map {})()],
    ['Set', () => new (class Bag extends Set {})()],
    ['RegExp', () => new (class Route extends RegExp {})('a')],
    ['ArrayBuffer', () => new (class Memory extends ArrayBuffer {})(5)],
    ['Error', () => new (class Fault extends Error {})('x')],
    ['Date of another realm', () => runInNewContext('new (class Day extends Date {})()')],
    [
      'nothing, but says it is a Map',
      () =>
        new (class Registry {
          readonly [Symbol.toStringTag] = 'Map'
        })(),
    ],
    ['nothing, but says it is a Date', () => Object.create(Date.prototype)],
    [
      'nothing, but says it is an Error',
      () =>
        new (class Fault {
          readonly [Symbol.toStringTag] = 'Error'
        })(),
    ],
    ['nothing, but says it is a buffer', () => Object.create(ArrayBuffer.prototype)],
    [
      'a Date with the prototype of something else',
      () => Object.setPrototypeOf(new Date(), class Point {}.prototype),
    ],
  ]

  it.each(derived)('refuses a subclass of %s, with and without fake timers', (_, make) => {
    for (const isFake of [false, true]) {
      if (isFake) vi.useFakeTimers()
      expect(() => snapshot(make(), 'k', 'aset')).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }))
    }
  })
})

describe('the copy', () => {
  const used = () => {
    for (let round = 0; round < 4; round += 1) gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }

  class Service {
    readonly body = Array.from({ length: 125_000 }, (_, index) => index + 0.5)
    /** On the stack while the value is copied. */
    keep(kept: unknown[], make: (service: Service) => unknown): void {
      kept.push(snapshot(make(this), 'k', 'aset'))
    }
    fail(): Error {
      return new RangeError(`of ${this.body.length}`)
    }
    parse(): unknown {
      try {
        return JSON.parse('{')
      } catch (error) {
        return error
      }
    }
    cause(): Error {
      return new TypeError('outer', { cause: this.fail() })
    }
  }

  it.each([
    ['made', (service: Service) => service.fail()],
    ['caught', (service: Service) => ({ error: service.parse() })],
    ['a cause', (service: Service) => new Map([['error', service.cause()]])],
    ['read', (service: Service) => copyOf(snapshot(service.fail(), 'k', 'aset'), 'k')],
  ])('of an error does not hold its callers: %s', (_, make) => {
    const kept: unknown[] = []
    new Service().keep(kept, make)
    const before = used()
    for (let index = 0; index < 20; index += 1) new Service().keep(kept, make)
    // 20 MB, if they were.
    expect(used() - before).toBeLessThan(5_000_000)
    expect(kept).toHaveLength(21)
  })

  it('of an error has its stack as a string, even with Error.prepareStackTrace', () => {
    const error = new Error('x')
    expect(snapshot(error, 'k', 'aset').stack).toBe(error.stack)
    expect(copyOf(snapshot(error, 'k', 'aset'), 'k').stack).toBe(error.stack)
    const { prepareStackTrace, stackTraceLimit } = Error
    Error.prepareStackTrace = (_, frames) => frames
    try {
      expect(snapshot(new Error('x'), 'k', 'aset').stack).toBeUndefined()
    } finally {
      Error.prepareStackTrace = prepareStackTrace
    }
    expect(Error.stackTraceLimit).toBe(stackTraceLimit)
  })

  it.each([
    [
      'one element',
      (array: unknown[]) => {
        array[8_123_456] = 1
      },
    ],
    [
      'two, at both ends',
      (array: unknown[]) => {
        array[0] = 1
        array[8_123_456] = 1
      },
    ],
    [
      'a hundred, and holes at the end',
      (array: unknown[]) => {
        for (let index = 0; index < 100; index += 1) array[index * 70_001] = index
        array[8_123_456] = 1
        delete array[8_123_456]
      },
    ],
    [
      'a dense beginning',
      (array: unknown[]) => {
        for (let index = 0; index < 1_000; index += 1) array[index] = index
        array[8_123_456] = 1
      },
    ],
    [
      'an array inside that leads back',
      (array: unknown[]) => {
        array[8_123_456] = { array }
      },
    ],
  ])('of an array with few elements takes little memory: %s', (_, fill) => {
    const source: unknown[] = []
    fill(source)
    const stored = snapshot(source, 'k', 'aset')
    const before = used()
    const copies = [snapshot(source, 'k', 'aset'), copyOf(stored, 'k'), copyOf(stored, 'k')]
    // 65 MB each, with room for all.
    expect(used() - before).toBeLessThan(10_000_000)
    for (const copy of copies) {
      expect(copy).toHaveLength(8_123_457)
      expect(Object.keys(copy)).toEqual(Object.keys(source))
      for (const index of Object.keys(source)) {
        const element = source[Number(index)]
        expect(copy[Number(index)]).toEqual(typeof element === 'object' ? { array: copy } : element)
      }
    }
  })

  it('of an empty array has its length', () => {
    const before = used()
    const copy = snapshot(new Array(1_000_000), 'k', 'aset')
    expect(used() - before).toBeLessThan(10_000_000)
    expect(copy).toHaveLength(1_000_000)
    expect(Object.keys(copy)).toEqual([])
  })
})

describe('getters that change the value during the copy', () => {
  it.each([
    [
      'an array',
      () => {
        const array: unknown[] = []
        array.push({
          get a() {
            array.push(array[0])
            return 1
          },
        })
        return array
      },
    ],
    [
      'a Map',
      () => {
        const map = new Map()
        const grow = (): object => ({
          get a() {
            map.set({}, grow())
            return 1
          },
        })
        return map.set('k', grow())
      },
    ],
    [
      'a Set',
      () => {
        const set = new Set()
        const grow = (): object => ({
          get a() {
            set.add(grow())
            return 1
          },
        })
        return set.add(grow())
      },
    ],
  ])('of %s do not cause an endless loop', (_, make) => {
    expect(() => snapshot(make(), 'k', 'aset')).not.toThrow()
  })
})
