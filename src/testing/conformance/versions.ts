import { describe, expect, it } from 'vitest'
import type { TestedCache } from '../sync-twins.ts'
import type { Context, Scene } from './context.ts'

const V1 = { version: 1 } as const
const V2 = { version: 2 } as const

/** The four ways to select a version: main's own, main with 2, v2's own, v2 with 1. */
const ways: readonly {
  readonly way: string
  readonly of: (scene: Scene) => readonly [cache: TestedCache, options: { version: number } | undefined]
  readonly version: 1 | 2
}[] = [
  { way: 'by default', of: ({ main }) => [main, undefined], version: 1 },
  { way: 'by naming version 2', of: ({ main }) => [main, V2], version: 2 },
  { way: 'by default, through a cache of version 2', of: ({ v2 }) => [v2, undefined], version: 2 },
  { way: 'by naming version 1, through a cache of version 2', of: ({ v2 }) => [v2, V1], version: 1 },
]

/** Lines 105 to 115. */
export function versions({ open }: Context): void {
  describe('versions', () => {
    it('105. reads what was set by default at version 1 only', async () => {
      const { main } = open()
      await main.aset('answer', 42)
      expect(await main.aget('answer')).toBe(42)
      expect(await main.aget('answer', V1)).toBe(42)
      expect(await main.aget('answer', V2)).toBeUndefined()
    })

    it('106. … and through a cache of version 2 only when asked for version 1', async () => {
      const { main, v2 } = open()
      await main.aset('answer', 42)
      expect(await v2.aget('answer')).toBeUndefined()
      expect(await v2.aget('answer', V1)).toBe(42)
      expect(await v2.aget('answer', V2)).toBeUndefined()
    })

    it('107. reads what was set at version 2 there only', async () => {
      const { main, v2 } = open()
      await main.aset('answer', 42, V2)
      expect(await main.aget('answer')).toBeUndefined()
      expect(await main.aget('answer', V2)).toBe(42)
      expect(await v2.aget('answer')).toBe(42)
      expect(await v2.aget('answer', V1)).toBeUndefined()
    })

    it('108. reads what a cache of version 2 set by default at version 2 only', async () => {
      const { main, v2 } = open()
      await v2.aset('answer', 42)
      expect(await main.aget('answer')).toBeUndefined()
      expect(await main.aget('answer', V2)).toBe(42)
      expect(await v2.aget('answer')).toBe(42)
    })

    it('109. reads what a cache of version 2 set at version 1 by default elsewhere', async () => {
      const { main, v2 } = open()
      await v2.aset('answer', 42, V1)
      expect(await main.aget('answer')).toBe(42)
      expect(await main.aget('answer', V2)).toBeUndefined()
      expect(await v2.aget('answer')).toBeUndefined()
      expect(await v2.aget('answer', V1)).toBe(42)
    })

    it('109. takes version 0, a negative and a text for versions like any other', async () => {
      const { main } = open()
      const odd = [0, -1, 1.5, 'v1', 'blue:green'] as const
      for (const version of odd) await main.aset('answer', `at ${version}`, { version })
      for (const version of odd) expect(await main.aget('answer', { version })).toBe(`at ${version}`)
      expect(await main.ahasKey('answer')).toBe(false)
    })

    it('110. adds to each version apart', async () => {
      const { main } = open()
      expect(await main.aadd('answer', 42, V2)).toBe(true)
      expect(await main.aget('answer', V1)).toBeUndefined()
      expect(await main.aadd('answer', 37, V2)).toBe(false)
      expect(await main.aadd('answer', 37, V1)).toBe(true)
      expect(await main.aget('answer', V1)).toBe(37)
      expect(await main.aget('answer', V2)).toBe(42)
    })

    it('111. … and through a cache of version 2', async () => {
      const { main, v2 } = open()
      expect(await v2.aadd('answer', 42)).toBe(true)
      expect(await main.aget('answer', V1)).toBeUndefined()
      expect(await main.aget('answer', V2)).toBe(42)
      expect(await v2.aadd('answer', 37)).toBe(false)
      expect(await v2.aadd('answer', 37, V1)).toBe(true)
      expect(await main.aget('answer', V1)).toBe(37)
      expect(await main.aget('answer', V2)).toBe(42)
    })

    it('112. has a key at its version only', async () => {
      const { main, v2 } = open()
      await main.aset('answer', 42)
      expect(await main.ahasKey('answer')).toBe(true)
      expect(await main.ahasKey('answer', V1)).toBe(true)
      expect(await main.ahasKey('answer', V2)).toBe(false)
      expect(await v2.ahasKey('answer')).toBe(false)
      expect(await v2.ahasKey('answer', V1)).toBe(true)
    })

    it.each(ways)('113. deletes one version $way', async ({ of, version }) => {
      const scene = open()
      const { main } = scene
      await main.aset('answer', 37, V1)
      await main.aset('answer', 42, V2)
      const [cache, options] = of(scene)
      expect(await cache.adelete('answer', options)).toBe(true)
      expect(await main.aget('answer', V1)).toBe(version === 1 ? undefined : 37)
      expect(await main.aget('answer', V2)).toBe(version === 2 ? undefined : 42)
    })

    it.each(ways)('114. counts at one version $way', async ({ of, version }) => {
      const scene = open()
      const { main } = scene
      await main.aset('answer', 37, V1)
      await main.aset('answer', 42, V2)
      const [cache, options] = of(scene)
      const start = version === 1 ? 37 : 42
      expect(await cache.aincr('answer', 1, options)).toBe(start + 1)
      expect(await main.aget('answer', V1)).toBe(version === 1 ? 38 : 37)
      expect(await main.aget('answer', V2)).toBe(version === 2 ? 43 : 42)
      expect(await cache.adecr('answer', 1, options)).toBe(start)
      expect(await main.aget('answer', V1)).toBe(37)
      expect(await main.aget('answer', V2)).toBe(42)
    })

    it.each(ways)('115. sets and gets many at one version $way', async ({ of, version }) => {
      const scene = open()
      const { main, v2 } = scene
      const [cache, options] = of(scene)
      const [all, none] = [new Map(Object.entries({ ford1: 37, arthur1: 42 })), new Map()]
      await cache.asetMany({ ford1: 37, arthur1: 42 }, options)
      const [one, two] = version === 1 ? [all, none] : [none, all]
      const keys = ['ford1', 'arthur1']
      expect(await main.agetMany(keys)).toEqual(one)
      expect(await main.agetMany(keys, V1)).toEqual(one)
      expect(await main.agetMany(keys, V2)).toEqual(two)
      expect(await v2.agetMany(keys)).toEqual(two)
      expect(await v2.agetMany(keys, V1)).toEqual(one)
      expect(await v2.agetMany(keys, V2)).toEqual(two)
    })

    it.each(ways)(
      '115. touches, counts down and deletes many at one version $way',
      async ({ of, version }) => {
        const scene = open()
        const { main } = scene
        await main.aset('answer', 37, { version: 1, timeout: 10 })
        await main.aset('answer', 42, { version: 2, timeout: 10 })
        const [cache, options] = of(scene)
        expect(await cache.atouch('answer', { timeout: 99, ...options })).toBe(true)
        expect(await main.attl('answer', V1)).toBe(version === 1 ? 99 : 10)
        expect(await main.attl('answer', V2)).toBe(version === 2 ? 99 : 10)
        await cache.adeleteMany(['answer'], options)
        expect(await main.ahasKey('answer', V1)).toBe(version !== 1)
        expect(await main.ahasKey('answer', V2)).toBe(version !== 2)
      },
    )
  })
}
