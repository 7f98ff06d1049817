import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { refusedValues, storableValues } from '../testing/values.ts'
import { isCacheError } from './errors.ts'
import { snapshot } from './snapshot.ts'

describe('snapshot()', () => {
  it.each(storableValues)('copies $name', ({ make, flaw }) => {
    const value = make()
    const copy = snapshot(value, 'k')
    if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value)
    if (!(Array.isArray(value) && value.length > 1_000_000)) expect(copy).toStrictEqual(make())
    expect(flaw?.(copy as never)).toBeUndefined()
  })

  it.each(refusedValues)('refuses $name, and says where it is', ({ make, path }) => {
    let caught: unknown
    try {
      snapshot(make(), 'the key')
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
  ])('says what to do: $hint', ({ value, hint }) => {
    expect(() => snapshot(value, 'k')).toThrow(hint)
  })

  it('copies all the way down', () => {
    const value = { list: [{ at: new Date(0) }], bytes: new Uint8Array([1]) }
    const copy = snapshot(value, 'k')
    value.list[0]?.at.setTime(5)
    value.bytes[0] = 9
    value.list.push({ at: new Date(1) })
    expect(copy).toEqual({ list: [{ at: new Date(0) }], bytes: new Uint8Array([1]) })
  })

  it('takes the bytes a view shows, not the buffer behind it', () => {
    const copy = snapshot(new Uint8Array(1_000).subarray(3, 5), 'k')
    expect(copy.buffer.byteLength).toBe(2)
  })

  it.each(['', '1e3', '1.0', ' 5', '-1', '4294967296'])(
    'takes of an array with holes what its length has, and not a property named %j',
    (name) => {
      const source = Object.assign([0, 1, 2], { [name]: 'x' })
      delete source[0]
      const copy = snapshot(source, 'k')
      expect(copy).toHaveLength(3)
      expect(Object.entries(copy)).toEqual([
        ['1', 1],
        ['2', 2],
      ])
    },
  )

  it('takes the values of getters, and tells of one that throws', () => {
    expect(
      snapshot(
        {
          get computed() {
            return 3
          },
        },
        'k',
      ),
    ).toEqual({ computed: 3 })
    const broken = {
      get computed(): number {
        throw new Error('no')
      },
    }
    expect(() => snapshot(broken, 'k')).toThrow(/reading it failed/)
  })

  it('takes plain objects without a prototype, and of another realm', () => {
    expect(snapshot(Object.assign(Object.create(null), { a: 1 }), 'k')).toEqual({ a: 1 })
    const foreign = runInNewContext(
      '({ a: [1], m: new Map([[1, new Set([2])]]), d: new Date(5), e: new TypeError("x") })',
    )
    const own = { a: [1], m: new Map([[1, new Set([2])]]), d: new Date(5), e: new TypeError('x') }
    expect(snapshot(foreign, 'k')).toStrictEqual(own)
    for (const made of ['new ArrayBuffer(3)', 'new ArrayBuffer(3, { maxByteLength: 5 })']) {
      const buffer = snapshot(runInNewContext(made), 'k')
      expect(buffer).toBeInstanceOf(ArrayBuffer)
      expect(buffer).toStrictEqual(new ArrayBuffer(3))
    }
  })
})
