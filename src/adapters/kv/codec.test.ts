import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { snapshot } from '../../core/snapshot.ts'
import { isVast, storableValues } from '../../testing/values.ts'
import { decode, encode } from './codec.ts'
import { sizeOf } from './payload-size.ts'
import type { Encoded } from './protocol.ts'

describe('encode() and decode()', () => {
  it.each(storableValues)('keep $name', ({ make, flaw }) => {
    const value = decode(encode(snapshot(make(), 'k', 'aset')))?.value
    if (!(Array.isArray(value) && value.length > 1_000_000)) expect(value).toStrictEqual(make())
    expect(flaw?.(value as never)).toBeUndefined()
  })

  it('keep whatever JSON can say, as JSON or as a number', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const stored = encode(value)
        expect(decode(stored)?.value).toStrictEqual(value)
      }),
    )
  })

  it('give each who reads the same stored bytes an object of his own', () => {
    const stored = encode(new Uint8Array([1, 2]))
    const [mine, yours] = [decode(stored)?.value as Uint8Array, decode(stored)?.value]
    mine[0] = 9
    expect(yours).toStrictEqual(new Uint8Array([1, 2]))
  })
})

describe('what stands under global names', () => {
  it.each(storableValues)('changes nothing about $name', ({ make, flaw }) => {
    const value = snapshot(make(), 'k', 'aset')
    vi.useFakeTimers({ toFake: ['Date'], now: 5 })
    for (const Class of [Error, TypeError]) {
      vi.stubGlobal(Class.name, class extends (Class as ErrorConstructor) {})
    }
    const back = decode(encode(value))?.value
    vi.useRealTimers()
    vi.unstubAllGlobals()
    if (!isVast(value)) expect(back).toStrictEqual(make())
    expect(flaw?.(back as never)).toBeUndefined()
    if (back instanceof Date) expect(Reflect.ownKeys(back)).toEqual([])
  })
})

describe('sparse arrays', () => {
  it('stay few bytes, and few elements when read', () => {
    for (const index of [2_001, 8_123_456, 4_000_000_000]) {
      const array: unknown[] = []
      array[0] = 'first'
      array[index] = { far: true }
      const stored = encode(snapshot(array, 'k', 'aset'))
      expect(sizeOf(stored)).toBeLessThan(100)
      const read = decode(stored)?.value as unknown[]
      expect(read).toHaveLength(index + 1)
      expect(Object.entries(read)).toEqual([
        ['0', 'first'],
        [`${index}`, { far: true }],
      ])
    }
  })
})

describe('encode()', () => {
  const format = (value: unknown): string => (encode(value) as Encoded).format

  it('leaves safe integers outside, so that their owner can count', () => {
    expect(encode(42)).toBe(42)
    expect(format(0.5)).toBe('json')
    expect(format(-0)).toBe('devalue6')
    expect(format(true)).toBe('json')
    expect(format('42')).toBe('json')
  })

  it('keeps plain data readable by other tools', () => {
    expect(encode({ a: [1, 'two', null] })).toEqual({ format: 'json', data: '{"a":[1,"two",null]}' })
  })

  it('keeps bytes as bytes', () => {
    expect(encode(new Uint8Array([1, 2]))).toEqual({ format: 'bytes', data: new Uint8Array([1, 2]) })
    expect(format(new ArrayBuffer(2))).toBe('buffer')
  })
})

describe('decode()', () => {
  it('takes a format of another time for a miss', () => {
    expect(decode({ format: 'devalue9', data: '[1]' })).toBeUndefined()
    expect(decode({ format: 'json', data: new Uint8Array() })).toBeUndefined()
  })

  it('is not talked into polluting prototypes', () => {
    const hostile = [
      '[{"__proto__":1},{"polluted":1}]',
      '[["Entries",1],[2],[3,4],"__proto__",{"polluted":5},true]',
    ]
    for (const data of hostile) {
      try {
        decode({ format: 'devalue6', data })
      } catch {
        // Refusing is as good.
      }
      expect('polluted' in {}).toBe(false)
    }
  })
})

describe('sizeOf()', () => {
  it('counts the bytes of text, not its characters', () => {
    expect(sizeOf({ format: 'json', data: '"日"' })).toBe(5)
    expect(sizeOf({ format: 'bytes', data: new Uint8Array(3) })).toBe(3)
  })
})
