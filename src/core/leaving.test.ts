import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import { createCache } from './create-cache.ts'
import type { InFlight } from './in-flight.ts'
import { loadsOf } from './in-flight.ts'
import { abortable } from './waiters.ts'

setFlagsFromString('--expose-gc')
const gc: () => void = runInNewContext('gc')

function distant(): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  return { name, supports, read, commit, clear, close }
}

/** A load that the test ends, and its InFlight. */
async function open(adapter: Adapter) {
  const cache = createCache({ adapter })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const started = Promise.withResolvers<void>()
  const staying = cache.agetOrSet('key', () => {
    started.resolve()
    return promise
  })
  staying.catch(() => {})
  await started.promise
  const loads = loadsOf(adapter)
  const state = loads.enter(':1:key')
  const [inFlight] = state.loads
  loads.leave(':1:key', state)
  return { cache, staying, inFlight: inFlight as InFlight<unknown>, state, resolve, reject }
}

/** An abort signal that counts its listeners. */
function counted() {
  const controller = new AbortController()
  const { signal } = controller
  const add = vi.spyOn(signal, 'addEventListener')
  const remove = vi.spyOn(signal, 'removeEventListener')
  return { signal, abort: (reason?: unknown) => controller.abort(reason), add, remove }
}

describe.each([
  ['memory', memoryAdapter],
  ['a place one waits for', distant],
])('a caller who aborts during a load, on %s', (_, create) => {
  it('is released by it at once', async () => {
    const { cache, staying, inFlight, state, resolve } = await open(create())
    const controllers = Array.from({ length: 100 }, () => new AbortController())
    const calls = controllers.map(({ signal }) => cache.agetOrSet('key', 'unused', { signal }))
    const all = Promise.allSettled(calls)
    await vi.waitFor(() => expect(inFlight.waiting).toBe(100))
    expect(state.callers).toBe(0)
    for (const [index, controller] of controllers.entries()) if (index >= 10) controller.abort(index)
    expect(inFlight.waiting).toBe(10)
    resolve('loaded')
    expect(await staying).toBe('loaded')
    const outcomes = await all
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome).toEqual(
        index < 10 ? { status: 'fulfilled', value: 'loaded' } : { status: 'rejected', reason: index },
      )
    }
    expect(inFlight.waiting).toBe(0)
  })

  it('leaks no memory', async () => {
    const { cache, resolve } = await open(create())
    const gone: WeakRef<object>[] = []
    const callAndLeave = async (): Promise<void> => {
      const controller = new AbortController()
      const unused = () => 'unused'
      const options = { signal: controller.signal }
      const call = cache.agetOrSet('key', unused, options)
      for (let turn = 0; turn < 50; turn += 1) await null
      const reason = new Error('left')
      controller.abort(reason)
      // `expect(call)` would keep a reference to its argument.
      const given: unknown = await call.catch((error: unknown) => error)
      expect(given === reason).toBe(true)
      gone.push(
        ...[controller, controller.signal, unused, options, call, reason].map((one) => new WeakRef(one)),
      )
    }
    for (let count = 0; count < 20; count += 1) await callAndLeave()
    // The target of a WeakRef stays alive until the end of its job.
    await vi.waitFor(() => {
      gc()
      expect(gone.filter((ref) => ref.deref() !== undefined)).toEqual([])
    })
    resolve('loaded')
    expect(await cache.aget('key')).toBeUndefined()
  })

  it.each(['ends', 'fails'])('leaves no listener on its signal when the load %s', async (how) => {
    const { cache, resolve, reject } = await open(create())
    const { signal, add, remove } = counted()
    const calls = Array.from({ length: 5 }, () => cache.agetOrSet('key', 'unused', { signal }))
    const all = Promise.allSettled(calls)
    for (let turn = 0; turn < 50; turn += 1) await null
    if (how === 'ends') resolve('loaded')
    else reject(new Error('no answer today'))
    await all
    expect(add).toHaveBeenCalled()
    const added = add.mock.calls.map(([, listener]) => listener)
    const removed = remove.mock.calls.map(([, listener]) => listener)
    expect(new Set(removed)).toEqual(new Set(added))
  })

  it('gets the reason even if it aborts just as the load ends', async () => {
    const { cache, staying, resolve } = await open(create())
    const { signal, abort } = counted()
    const call = cache.agetOrSet('key', 'unused', { signal })
    for (let turn = 0; turn < 50; turn += 1) await null
    resolve('loaded')
    abort('left')
    await expect(call).rejects.toBe('left')
    expect(await staying).toBe('loaded')
  })
})

describe('a caller who aborts during the read', () => {
  it('is answered at once, and the load continues and is stored', async () => {
    const adapter = distant()
    const { promise, resolve } = Promise.withResolvers<void>()
    const { read } = adapter
    adapter.read = (keys, now, wanted) => promise.then(() => read(keys, now, wanted))
    const cache = createCache({ adapter })
    const { signal, abort, add, remove } = counted()
    const call = cache.agetOrSet('key', async () => 'loaded', { signal })
    abort('left')
    await expect(call).rejects.toBe('left')
    resolve()
    await vi.waitFor(async () => expect(await cache.aget('key')).toBe('loaded'))
    expect(loadsOf(adapter).size).toBe(0)
    expect(add).toHaveBeenCalledTimes(1)
    expect(remove).not.toHaveBeenCalled()
  })
})

describe('abortable', () => {
  it('settles like the promise, or with the reason if the signal aborts first', async () => {
    const { signal, abort, remove } = counted()
    expect(await abortable(Promise.resolve(1), undefined)).toBe(1)
    expect(await abortable(Promise.resolve(1), signal)).toBe(1)
    await expect(abortable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
    expect(remove).toHaveBeenCalledTimes(2)
    const { promise, reject } = Promise.withResolvers<never>()
    const waiting = abortable(promise, signal)
    abort('left')
    await expect(waiting).rejects.toBe('left')
    // Nobody handles its failure any more. An unhandled rejection would fail the run.
    reject(new Error('too late'))
    await expect(abortable(Promise.reject(new Error('unheard')), signal)).rejects.toBe('left')
  })
})
