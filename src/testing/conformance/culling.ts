import { describe, expect, it } from 'vitest'
import type { Adapter } from '../../core/adapter.ts'
import type { SyncAdapter } from '../../core/sync-cache.ts'
import type { TestedCache } from '../sync-twins.ts'
import { contextOf, liveAmong, type Scene } from './context.ts'

/** The limits in one test of {@link cullingSuite}. */
export interface Cap {
  readonly maxEntries: number
  readonly cullFrequency: number
}

/** The options of {@link cullingSuite}: an adapter with a limited number of entries. */
export type CullingSuiteOptions = { readonly name: string } & (
  | { readonly createAdapter: (cap: Cap) => Adapter; readonly twins?: 'async' | undefined }
  | { readonly createAdapter: (cap: Cap) => SyncAdapter; readonly twins: 'sync' }
)

/** Lines 134 to 140: Django's rule for eviction from a full store. */
export function cullingSuite({ name, createAdapter, twins = 'async' }: CullingSuiteOptions): void {
  describe(`culling ${name}`, () => {
    let cap: Cap = { maxEntries: 9, cullFrequency: 3 }
    const { open } = contextOf(() => createAdapter(cap), twins)
    const capped = (maxEntries: number, cullFrequency: number): Scene => {
      cap = { maxEntries, cullFrequency }
      return open()
    }
    const nine = numbered(9)

    /** A full store with nine entries, `0` to `8`, each with its own number, used in this order. */
    const full = async (): Promise<TestedCache> => {
      const { main } = capped(9, 3)
      for (const key of nine) await main.aset(key, Number(key))
      return main
    }

    it('134. drops a third of a full store, before the write that finds it full', async () => {
      const { main } = capped(30, 3)
      for (const key of numbered(49)) await main.aset(key, 'value', 1_000)
      expect(await liveAmong(main, numbered(49))).toHaveLength(29)
    })

    it('135. drops all of a full store where the frequency is 0', async () => {
      const { main } = capped(30, 0)
      for (const key of numbered(49)) await main.aset(key, 'value', 1_000)
      expect(await liveAmong(main, numbered(49))).toHaveLength(19)
    })

    it.each([3, 0])('136. refuses a store that may hold none, or fewer, frequency %d', (n) => {
      for (const maxEntries of [0, -1]) {
        expect(() => createAdapter({ maxEntries, cullFrequency: n })).toThrow(
          /^maxEntries must be .* 1 or more/,
        )
      }
    })

    it.each([
      [1, 3],
      [2, 3],
      [9, 10],
      [20, 1_000_000],
      [30, 30],
      [30, 16],
    ])('holds at most %d entries, although Django would evict none, frequency %d', async (most, n) => {
      const { main } = capped(most, n)
      const keys = numbered(3 * most)
      for (const [index, key] of keys.entries()) {
        await main.aset(key, index)
        const live = await liveAmong(main, keys)
        expect(live.length).toBeLessThanOrEqual(most)
        expect(live.at(-1)).toBe(key)
      }
    })

    it('138. spares what was read of late', async () => {
      const main = await full()
      for (const key of numbered(6)) expect(await main.aget(key)).toBe(Number(key))
      await main.aset('9', 9)
      expect(await liveAmong(main, numbered(10))).toEqual([...numbered(6), '9'])
    })

    it('138. … also in getMany', async () => {
      const main = await full()
      await main.agetMany(numbered(6))
      await main.aset('9', 9)
      expect(await liveAmong(main, numbered(10))).toEqual([...numbered(6), '9'])
    })

    it('139. drops what was not set of late', async () => {
      const main = await full()
      for (const key of nine.slice(3)) await main.aset(key, Number(key))
      await main.aset('9', 9)
      expect(await liveAmong(main, numbered(10))).toEqual(['3', '4', '5', '6', '7', '8', '9'])
    })

    it('139. spares what was set of late', async () => {
      const { main } = capped(10, 3)
      for (const key of nine) await main.aset(key, Number(key))
      for (const key of numbered(3)) await main.aset(key, Number(key))
      await main.aset('9', 9)
      // Now there are ten entries, so the next write finds the store full.
      await main.aset('next', 1)
      expect(await liveAmong(main, numbered(10))).toEqual(['0', '1', '2', '6', '7', '8', '9'])
    })

    it('140. spares what was counted of late', async () => {
      const main = await full()
      for (const key of numbered(6)) expect(await main.aincr(key)).toBe(Number(key) + 1)
      await main.aset('9', 9)
      expect(await liveAmong(main, numbered(10))).toEqual([...numbered(6), '9'])
      for (const key of numbered(6)) expect(await main.aget(key)).toBe(Number(key) + 1)
    })

    it('does not count a presence check, a touch or a refused add as a use', async () => {
      const main = await full()
      for (const key of numbered(3)) {
        expect(await main.ahasKey(key)).toBe(true)
        expect(await main.attl(key)).toBe(300)
        expect(await main.atouch(key, 100)).toBe(true)
        expect(await main.aadd(key, 'new')).toBe(false)
      }
      await main.aset('9', 9)
      expect(await liveAmong(main, numbered(10))).toEqual(['3', '4', '5', '6', '7', '8', '9'])
    })

    it('evicts nothing for a miss, or for a value that has already expired', async () => {
      const main = await full()
      await main.aget('missing')
      await main.adelete('missing')
      await main.atouch('missing')
      await main.aset('dead', 'value', 0)
      await main.asetMany({ dead: 'value' }, -1)
      await main.aincr('missing').catch(() => {})
      expect(await liveAmong(main, nine)).toEqual(nine)
    })

    it('reuses the space of deleted and cleared entries', async () => {
      const main = await full()
      await main.adelete('0')
      await main.aset('9', 9)
      expect(await liveAmong(main, numbered(10))).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
      await main.aclear()
      for (const key of nine) await main.aset(key, 1)
      expect(await liveAmong(main, nine)).toEqual(nine)
    })

    it('counts and culls all caches of the store together', async () => {
      const { main, prefixed, v2, custom } = capped(8, 2)
      const caches = [main, prefixed, v2, custom]
      for (const key of ['a', 'b']) for (const cache of caches) await cache.aset(key, 1)
      await main.aset('c', 1)
      for (const cache of caches) expect(await liveAmong(cache, ['a', 'b'])).toEqual(['b'])
      expect(await main.ahasKey('c')).toBe(true)
    })

    it('never holds many more entries than its limit', async () => {
      const { main } = capped(10, 3)
      const keys = numbered(500)
      await main.asetMany(keys.map((key) => [key, 1] as const))
      for (const key of keys) await main.aadd(`added-${key}`, 1)
      for (const key of keys) await main.agetOrSet(`loaded-${key}`, () => 1)
      const all = ['', 'added-', 'loaded-'].flatMap((start) => keys.map((key) => start + key))
      expect((await liveAmong(main, all)).length).toBeLessThanOrEqual(10)
    })
  })
}

/** `'0'`, `'1'`, … */
function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index))
}
