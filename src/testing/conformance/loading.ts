import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'
import { slowLoader } from './slow-loader.ts'

/**
 * Concurrent calls of `agetOrSet`: shared loads, and callers who abort. `superseding.ts` tests what
 * supersedes a load.
 */
export function loading({ open, supports }: Context): void {
  describe('agetOrSet with async loaders', () => {
    it('awaits an async loader', async () => {
      const { main } = open()
      expect(await main.agetOrSet('key', async () => 'value')).toBe('value')
      expect(await main.aget('key')).toBe('value')
    })

    it('runs one load for 100 concurrent callers of a missing key', async () => {
      const { main } = open()
      const loader = slowLoader<{ n: number }>()
      const calls = Array.from({ length: 100 }, () => main.agetOrSet('key', loader.load))
      await loader.started
      loader.finish({ n: 1 })
      const values = await Promise.all(calls)
      expect(loader.loads()).toBe(1)
      expect(values).toEqual(Array.from({ length: 100 }, () => ({ n: 1 })))
      if (supports.values !== 'shared') expect(new Set(values).size).toBe(100)
    })

    it.runIf(supports.values !== 'shared')('gives each caller a value of its own', async () => {
      const { main } = open()
      const loader = slowLoader<{ tags: string[] }>()
      const [first, second] = [main.agetOrSet('key', loader.load), main.agetOrSet('key', loader.load)]
      await loader.started
      const loaded = { tags: ['a'] }
      loader.finish(loaded)
      ;(await first).tags.push('b')
      expect(await second).toEqual({ tags: ['a'] })
      loaded.tags.push('c')
      expect(await main.aget('key')).toEqual({ tags: ['a'] })
    })

    it('runs one load for caches that share keys, and one for each key and version', async () => {
      const { main, cache, v2 } = open()
      let loads = 0
      const load = async () => {
        loads += 1
        return loads
      }
      await Promise.all([
        main.agetOrSet('key', load),
        cache().agetOrSet('key', load),
        v2.agetOrSet('key', load),
        v2.agetOrSet('key', load, { version: 1 }),
        main.agetOrSet('other', load),
      ])
      expect(loads).toBe(3)
    })

    it("passes a loader's error to every waiting caller, and stores nothing", async () => {
      const { main } = open()
      const loader = slowLoader<string>()
      const calls = Array.from({ length: 10 }, () => main.agetOrSet('key', loader.load))
      const settled = Promise.allSettled(calls)
      await loader.started
      const broken = new Error('no answer today')
      loader.fail(broken)
      expect(await settled).toEqual(calls.map(() => ({ status: 'rejected', reason: broken })))
      expect(loader.loads()).toBe(1)
      expect(await main.ahasKey('key')).toBe(false)
      expect(await main.agetOrSet('key', () => 'next time')).toBe('next time')
    })

    it.each([
      { what: 'gives undefined', load: async () => undefined, timeout: 10 },
      { what: 'gives what is not to be kept', load: async () => 'value', timeout: 0 },
      { what: 'fails', load: () => Promise.reject(new Error('at once')), timeout: 10 },
    ])(
      'runs one load for 100 concurrent callers, even if it immediately $what',
      async ({ load, timeout }) => {
        const { main } = open()
        let loads = 0
        const counted = () => {
          loads += 1
          return load()
        }
        await Promise.allSettled(Array.from({ length: 100 }, () => main.agetOrSet('key', counted, timeout)))
        expect(loads).toBe(1)
      },
    )

    it('passes undefined to every waiting caller, and does not store it', async () => {
      const { main } = open()
      const loader = slowLoader<undefined>()
      const calls = [main.agetOrSet('key', loader.load), main.agetOrSet('key', loader.load)]
      await loader.started
      loader.finish(undefined)
      expect(await Promise.all(calls)).toEqual([undefined, undefined])
      expect(await main.ahasKey('key')).toBe(false)
    })

    it('continues the load for the others when a caller aborts', async () => {
      const { main } = open()
      const loader = slowLoader<string>()
      const controller = new AbortController()
      const leaving = main.agetOrSet('key', loader.load, { signal: controller.signal })
      const staying = main.agetOrSet('key', loader.load)
      await loader.started
      const reason = new Error('no longer interested')
      controller.abort(reason)
      await expect(leaving).rejects.toBe(reason)
      loader.finish('value')
      expect(await staying).toBe('value')
      expect(await main.aget('key')).toBe('value')
      expect(loader.loads()).toBe(1)
    })

    it('finishes and stores a load whose callers have all aborted', async () => {
      const { main } = open()
      const loader = slowLoader<string>()
      const controller = new AbortController()
      const leaving = main.agetOrSet('key', loader.load, { timeout: 10, signal: controller.signal })
      await loader.started
      controller.abort()
      await expect(leaving).rejects.toMatchObject({ name: 'AbortError' })
      const joining = main.agetOrSet('key', () => 'not needed')
      loader.finish('value')
      expect(await joining).toBe('value')
      expect(await main.attl('key')).toBe(10)
    })

    it('causes no unhandled rejection if the only caller of a failing load aborted', async () => {
      const controller = new AbortController()
      const reason = new Error('no longer interested')
      const cache = open().cache({ onWarning: () => controller.abort(reason) })
      let fail = (_error: Error): void => {}
      const loaded = new Promise<string>((_, reject) => {
        fail = reject
      })
      const load = () => {
        fail(new Error('nobody hears this'))
        return loaded
      }
      // An unhandled rejection would fail the run.
      await expect(cache.agetOrSet('a b', load, { signal: controller.signal })).rejects.toBe(reason)
      await loaded.catch(() => {})
    })

    it('rejects at once if the signal has already aborted', async () => {
      const { main } = open()
      const signal = AbortSignal.abort(new Error('gone already'))
      await expect(main.agetOrSet('key', () => 'value', { signal })).rejects.toThrow('gone already')
    })
  })
}
