import { describe, expect, it } from 'vitest'
import type { Adapter } from '../../src/core/adapter.ts'
import { createCache } from '../../src/core/create-cache.ts'
import { heldLoader, settle } from './ecosystem/world.ts'
import { SharedStore } from './shared-store.ts'

function twoProcesses(overrides: (adapter: Adapter) => Partial<Adapter> = () => ({})) {
  const store = new SharedStore()
  const adapter = store.adapter()
  return {
    cache: createCache({ adapter: { ...adapter, ...overrides(adapter) } }),
    other: createCache({ adapter: store.adapter() }),
  }
}

/** Lets the test hold an answer of the store. */
function gate() {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const pass = (): Promise<void> => {
    reached.resolve()
    return opened.promise
  }
  return { pass, reached: reached.promise, open: opened.resolve }
}

describe('a caller that comes while a load runs, after a change in another process', () => {
  it.each<[string, (other: ReturnType<typeof twoProcesses>['other']) => Promise<unknown>]>([
    ['aset, which it returns', (other) => other.aset('k', 'new')],
    ['adelete', (other) => other.adelete('k')],
    ['aclear', (other) => other.aclear()],
    ['adeleteTags', (other) => other.adeleteTags('t')],
    ['aexpireTags', (other) => other.aexpireTags('t')],
  ])('does not join the load: %s', async (_, change) => {
    const { cache, other } = twoProcesses()
    const { load, resolve, begun } = heldLoader<string>()
    const before = cache.agetOrSet('k', load, { tags: ['t'] })
    await begun
    await change(other)
    const after = cache.agetOrSet('k', async () => 'new', { tags: ['t'] })
    await settle()
    resolve('old')
    expect(await after).toBe('new')
    await before
  })

  it('joins it if nothing has happened to the key', async () => {
    const { cache, other } = twoProcesses()
    const { load, resolve, begun, calls } = heldLoader<string>()
    const asked = [cache.agetOrSet('k', load)]
    await begun
    await other.adelete('l')
    asked.push(cache.agetOrSet('k', load))
    await settle()
    resolve('v')
    expect(await Promise.all(asked)).toEqual(['v', 'v'])
    expect(calls()).toBe(1)
  })

  it('does not get the value that was stored and deleted while the answer was under way', async () => {
    const { pass, reached, open } = gate()
    const { cache, other } = twoProcesses(({ commit }) => ({
      async commit(changes, now) {
        const outcomes = await commit(changes, now)
        if (changes[0]?.op.kind === 'fill') await pass()
        return outcomes
      },
    }))
    const before = cache.agetOrSet('k', async () => 'old')
    await reached
    await other.adelete('k')
    const after = cache.agetOrSet('k', async () => 'new')
    await settle()
    open()
    expect(await before).toBe('old')
    expect(await after).toBe('new')
  })

  it('does not get the value of another process that was deleted while the reply to the claim was under way', async () => {
    const { pass, reached, open } = gate()
    const { cache, other } = twoProcesses(({ claim }) => ({
      async claim(...request) {
        const reply = await claim?.(...request)
        if (reply === undefined) throw new Error('the store has claims')
        if (!reply.isGranted) await pass()
        return reply
      },
    }))
    const { load, resolve, begun } = heldLoader<string>()
    const loading = other.agetOrSet('k', load)
    await begun
    const before = cache.agetOrSet('k', async () => 'unused')
    await settle()
    resolve('old')
    await loading
    await reached
    await other.adelete('k')
    const after = cache.agetOrSet('k', async () => 'new')
    await settle()
    open()
    expect(await before).toBe('old')
    expect(await after).toBe('new')
  })

  it('does not get a value that was not stored, and one of whose tags was invalidated before', async () => {
    const { pass, reached, open } = gate()
    let reads = 0
    const { cache, other } = twoProcesses(({ read }) => ({
      async read(...request) {
        reads += 1
        if (reads === 2) await pass()
        return read(...request)
      },
    }))
    const { load, resolve, begun } = heldLoader<string>()
    const before = cache.agetOrSet('k', async (context) => {
      context.skip()
      context.setOptions({ tags: ['t'] })
      return load(context)
    })
    await begun
    await other.adeleteTags('t')
    const after = cache.agetOrSet('k', async () => 'new')
    await reached
    resolve('old')
    await settle()
    open()
    expect(await before).toBe('old')
    expect(await after).toBe('new')
  })
})
