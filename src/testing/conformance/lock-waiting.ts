import { describe, expect, it } from 'vitest'
import type { TestedCache } from '../sync-twins.ts'
import type { Context } from './context.ts'

const MINUTE = { timeout: 60 } as const

/**
 * `alock` with `wait`, which the sync method does not have. Sleeping only moves the clock. The waiting times
 * are so long that the attempts themselves never take that time, even on a slow machine.
 */
export function lockWaiting({ open, supports }: Context): void {
  describe('lock with wait', () => {
    it('is tried for the given time, and then given up', async () => {
      const { waiting, naps } = sleepy()
      await waiting.alock('lock', { timeout: 100 })
      expect(await waiting.alock('lock', { ...MINUTE, wait: 50.5 })).toBeUndefined()
      expect(naps.reduce((sum, nap) => sum + nap, 0)).toBe(50_500)
      expect(Math.min(...naps)).toBeGreaterThan(0)
      expect(Math.max(...naps)).toBeLessThanOrEqual(250)
      expect(await waiting.attl('lock')).toBe(49.5)
    })

    it('is acquired when its holder releases it', async () => {
      const { main, waiting, naps, during } = sleepy()
      const lock = await main.alock('lock', MINUTE)
      during(3, async () => void (await lock?.release()))
      expect(await waiting.alock('lock', { ...MINUTE, wait: 50 })).toBeDefined()
      expect(naps).toHaveLength(3)
      expect(await main.alock('lock', MINUTE)).toBeUndefined()
    })

    it("is taken when its holder's time is over, and counts its own from then", async () => {
      const { main, waiting } = sleepy()
      const late = await main.alock('lock', { timeout: 50 })
      const lock = await waiting.alock('lock', { ...MINUTE, wait: 50 })
      expect(lock).toBeDefined()
      expect(await main.attl('lock')).toBe(60)
      expect(await late?.release()).toBe(false)
      expect(await lock?.release()).toBe(true)
    })

    it('is waited for without limit if wait is Infinity', async () => {
      const { main, waiting } = sleepy()
      await main.alock('lock', { timeout: 10 })
      const wait = Number.POSITIVE_INFINITY
      expect(await waiting.alock('lock', { ...MINUTE, wait })).toBeDefined()
    })

    it('is not waited for if it is free, and tried once without wait', async () => {
      const { waiting, naps } = sleepy()
      expect(await waiting.alock('lock', { ...MINUTE, wait: 5 })).toBeDefined()
      for (const wait of [undefined, 0, -1]) {
        expect(await waiting.alock('lock', { ...MINUTE, wait })).toBeUndefined()
      }
      expect(naps).toEqual([])
    })

    it('is waited for at its own version', async () => {
      const { v2, waiting, during } = sleepy()
      await waiting.alock('lock', MINUTE)
      const lock = await v2.alock('lock', MINUTE)
      during(2, async () => void (await lock?.release()))
      expect(await waiting.alock('lock', { ...MINUTE, version: 2, wait: 50 })).toBeDefined()
      expect(await v2.alock('lock', MINUTE)).toBeUndefined()
    })

    it('is waited for as long, even if the wall clock changes', async () => {
      for (const jump of [3_600, -3_600, 0]) {
        const { main, clock, elsewhere } = open()
        await main.alock('lock', { timeout: 1e9 })
        let slept = 0
        // A clock that is changed during the first pause, and then stands still.
        const sleep = async (milliseconds: number) => {
          if (slept === 0) clock.advance(jump)
          slept += milliseconds
          if (slept > 100_000) throw new Error('this wait never ends')
        }
        expect(await elsewhere({ sleep }).alock('lock', { ...MINUTE, wait: 50 })).toBeUndefined()
        expect(slept).toBe(50_000)
      }
    })

    it.runIf(supports.atomic)('lets 10 who wait in one by one', async () => {
      const { elsewhere } = open()
      // The clock stands still, so that no lock expires.
      const sleep = () => new Promise<void>((resolve) => setTimeout(resolve, 0))
      const caches = [elsewhere({ sleep }), elsewhere({ sleep })] as const
      const work = async (cache: TestedCache) => {
        await using lock = await cache.alock('lock', { ...MINUTE, wait: Number.POSITIVE_INFINITY })
        expect(lock).toBeDefined()
        const count = await cache.aget('count', { default: 0 })
        await sleep()
        await cache.aset('count', count + 1)
      }
      await Promise.all(Array.from({ length: 10 }, (_, index) => work(caches[index % 2 === 0 ? 0 : 1])))
      expect(await caches[0].aget('count')).toBe(10)
    })

    it('refuses a wait that is not a number of seconds', async () => {
      const { waiting, naps } = sleepy()
      for (const wait of [Number.NaN, '5', true, 5n, [5]]) {
        await expect(waiting.alock('lock', { ...MINUTE, wait: wait as never })).rejects.toThrow(TypeError)
      }
      await expect(waiting.alock('lock', { timeout: 0, wait: 5 })).rejects.toThrow(RangeError)
      expect(await waiting.ahasKey('lock')).toBe(false)
      expect(naps).toEqual([])
    })
  })

  /** A scene with a cache whose sleep moves the clock, the pauses it took, and a callback for the nth pause. */
  function sleepy() {
    const scene = open()
    const naps: number[] = []
    const events = new Map<number, () => Promise<void>>()
    const sleep = async (milliseconds: number) => {
      naps.push(milliseconds)
      if (naps.length > 1_000) throw new Error('this lock never opens')
      scene.clock.advance(milliseconds / 1000)
      await events.get(naps.length)?.()
    }
    const during = (nap: number, event: () => Promise<void>): void => void events.set(nap, event)
    return { ...scene, waiting: scene.elsewhere({ sleep }), naps, during }
  }
}
