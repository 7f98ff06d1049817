import { describe, expect, it } from 'vitest'
import { isCacheError } from '../../core/errors.ts'
import type { TestedCache } from '../sync-twins.ts'
import { type Act, refusedFor, superseded } from './changes-during-loads.ts'
import type { Context } from './context.ts'
import { slowLoader } from './slow-loader.ts'

/** The effect of a change of a key on its load in flight. */
export function superseding({ open, twins, supports }: Context): void {
  const refused = refusedFor(supports)
  /** Runs the steps, each after the answer to the previous one. The sync methods run all of them at once. */
  async function act(steps: Act['steps'], main: TestedCache, elsewhere: TestedCache): Promise<unknown[]> {
    const answer = (step: Act['steps'][number]) => step(main, elsewhere).catch(codeOf)
    if (twins === 'sync') return Promise.all(steps.map(answer))
    const answers: unknown[] = []
    for (const step of steps) answers.push(await answer(step))
    return answers
  }

  /** The result of a loader that first does some work. The sync methods have done it when they return their promise. */
  const having = <T>(work: Promise<unknown>, value: () => T): T | Promise<T> =>
    twins === 'sync' ? value() : work.then(value)

  describe('getOrSet whose loader changes its own key', () => {
    it.each(superseded)(
      'gives what it loaded, and does not store it over: $what',
      async ({ steps, left }) => {
        const { main, elsewhere } = open()
        await main.aset('key', 'moved', { version: 0 })
        const load = () => having(act(steps, main, elsewhere()), () => 'late')
        expect(await main.agetOrSet('key', load)).toBe(left ?? 'late')
        expect(await main.aget('key')).toBe(left)
      },
    )

    it.each(refused)('stores the loaded value if nothing was changed: $what', async ({ steps, answers }) => {
      const { main, elsewhere } = open()
      let acted: unknown
      const load = () => {
        const work = act(steps, main, elsewhere())
        acted = work
        return having(work, () => 'loaded')
      }
      expect(await main.agetOrSet('key', load)).toBe('loaded')
      expect(await acted).toEqual(answers)
      expect(await main.aget('key')).toBe('loaded')
    })

    it('stores nothing if it then throws, or returns undefined or a value that cannot be stored', async () => {
      const { main } = open()
      const broken = new Error('no answer today')
      const fails = () =>
        having(main.aset('key', 'theirs'), () => {
          throw broken
        })
      await expect(main.agetOrSet('key', fails)).rejects.toBe(broken)
      expect(await main.apop('key')).toBe('theirs')
      const nothing = () => having(main.aset('key', 'theirs'), () => undefined)
      expect(await main.agetOrSet('key', nothing)).toBeUndefined()
      expect(await main.apop('key')).toBe('theirs')
      const bad = () => having(main.adelete('key'), () => Symbol('s'))
      await expect(main.agetOrSet('key', bad)).rejects.toMatchObject({ code: 'INVALID_VALUE', key: 'key' })
      expect(await main.ahasKey('key')).toBe(false)
      expect(await main.agetOrSet('key', () => 'next time')).toBe('next time')
      expect(await main.aget('key')).toBe('next time')
    })

    it('finds its key missing while it runs, and may load other keys', async () => {
      const { main, v2 } = open()
      let found: Promise<unknown> | undefined
      const load = () => {
        found = main.aget('key')
        const nested = main.agetOrSet('other', () =>
          having(v2.agetOrSet('key', 'of version 2'), () => 'inner'),
        )
        return having(nested, () => 'outer')
      }
      expect(await main.agetOrSet('key', load)).toBe('outer')
      expect(await found).toBeUndefined()
      expect(await main.agetMany(['key', 'other'])).toEqual(
        new Map([
          ['key', 'outer'],
          ['other', 'inner'],
        ]),
      )
      expect(await v2.aget('key')).toBe('of version 2')
    })

    it('is superseded by changes in the loader of another key, and by another cache on the store', async () => {
      const { main, v2, prefixed } = open()
      const load = () => {
        const deleted = () => having(v2.adelete('key', { version: 1 }), () => 'inner')
        return having(main.agetOrSet('other', deleted), () => 'outer')
      }
      expect(await main.agetOrSet('key', load)).toBe('outer')
      expect(await main.ahasKey('key')).toBe(false)
      expect(await main.aget('other')).toBe('inner')
      const beside = () =>
        having(Promise.all([v2.adelete('key'), prefixed.aclear(), prefixed.adelete('key')]), () => 'loaded')
      expect(await main.agetOrSet('key', beside)).toBe('loaded')
      expect(await main.aget('key')).toBe('loaded')
    })
  })

  if (twins === 'sync') return

  describe('agetOrSet, and changes while its loader runs', () => {
    it.each(superseded)('never stores a late result over: $what', async ({ steps, left }) => {
      const { main, elsewhere } = open()
      await main.aset('key', 'moved', { version: 0 })
      const loader = slowLoader<string>()
      const call = main.agetOrSet('key', loader.load)
      await loader.started
      await act(steps, main, elsewhere())
      loader.finish('late')
      expect(await call).toBe(left ?? 'late')
      expect(await main.aget('key')).toBe(left)
    })

    it.each(refused)('stores its result, and loads once, after: $what', async ({ steps, answers }) => {
      const { main, elsewhere } = open()
      const loader = slowLoader<string>()
      const call = main.agetOrSet('key', loader.load)
      await loader.started
      expect(await act(steps, main, elsewhere())).toEqual(answers)
      const joining = main.agetOrSet('key', loader.load)
      // Until it has read, a joining caller looks like one that comes after the load.
      await main.ahasKey('key')
      loader.finish('loaded')
      expect(await Promise.all([call, joining])).toEqual(['loaded', 'loaded'])
      expect(loader.loads()).toBe(1)
      expect(await main.aget('key')).toBe('loaded')
    })

    it('stores its result after the release of a lock that was no longer held', async () => {
      const { main } = open()
      const lock = await main.alock('key', { timeout: 60 })
      await main.adelete('key')
      const loader = slowLoader<string>()
      const call = main.agetOrSet('key', loader.load)
      await loader.started
      expect(await lock?.release()).toBe(false)
      loader.finish('loaded')
      expect(await call).toBe('loaded')
      expect(await main.aget('key')).toBe('loaded')
    })

    const first: readonly (readonly [string, (main: TestedCache) => Promise<unknown>])[] = [
      ['touch', (main) => main.atouch('key', 60)],
      ['incr', (main) => main.aincr('key').catch(() => false)],
      ['pop', (main) => main.apop('key')],
    ]
    it.each(first)('loads once for 20 callers who each try a %s first', async (_, tryFirst) => {
      const { main } = open()
      const loader = slowLoader<string>()
      const ask = async () =>
        (await tryFirst(main)) ? main.aget('key') : main.agetOrSet('key', loader.load, 60)
      const calls = Array.from({ length: 20 }, ask)
      await loader.started
      calls.push(ask(), ask())
      loader.finish('loaded')
      expect(new Set(await Promise.all(calls.slice(0, 20)))).toEqual(new Set(['loaded']))
      expect(loader.loads()).toBe(1)
    })

    it('loads again for a caller after a delete, and keeps the newer result', async () => {
      const { main } = open()
      const [older, newer] = [slowLoader<string>(), slowLoader<string>()]
      const call = main.agetOrSet('key', older.load)
      await older.started
      await main.adelete('key')
      const second = main.agetOrSet('key', newer.load)
      await newer.started
      newer.finish('newer')
      expect(await second).toBe('newer')
      older.finish('older')
      expect(await call).toBe('newer')
      expect(await main.aget('key')).toBe('newer')
    })

    it('loads again for a caller during a delete', async () => {
      const { main } = open()
      const older = slowLoader<string>()
      const call = main.agetOrSet('key', older.load)
      await older.started
      const deleted = main.adelete('key')
      const second = main.agetOrSet('key', () => 'newer')
      older.finish('older')
      await Promise.all([call, deleted])
      expect(await second).toBe('newer')
      expect([undefined, 'newer']).toContain(await main.aget('key', { fresh: true }))
    })

    it('never overwrites a set with a load that began during it, nor restores what a delete or clear removed', async () => {
      const { main } = open()
      const set = main.aset('key', 'theirs')
      await Promise.all([set, main.agetOrSet('key', () => 'loaded')])
      expect(await main.aget('key', { fresh: true })).toBe('theirs')
      const removals = [() => main.adelete('key'), () => main.aclear(), () => main.apop('key')]
      for (const remove of removals) {
        await main.aset('key', 'old')
        const [given] = await Promise.all([remove().then(() => main.agetOrSet('key', () => 'new')), remove()])
        expect(given).toBe('new')
        expect([undefined, 'new']).toContain(await main.aget('key', { fresh: true }))
      }
    })
  })
}

function codeOf(error: unknown): unknown {
  if (!isCacheError(error)) throw error
  return error.code
}
