import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { AsyncCache } from './cache.ts'
import { createCache } from './create-cache.ts'
import { InFlightLoads } from './in-flight.ts'
import { requestScope } from './request-scope.ts'

/** Simulates workerd, where an I/O object can be used only in its own request. */
let request = 0
class SocketPair {
  readonly #madeIn = request
  readonly 0 = this
  get readyState(): number {
    if (this.#madeIn !== request) throw new Error('Cannot perform I/O on behalf of a different request.')
    return 1
  }
}

it('is one scope on a platform without requests', () => {
  expect(requestScope()).toBe(requestScope())
  expect(requestScope().isCurrent()).toBe(true)
})

describe('on a platform with requests', () => {
  beforeEach(() => {
    vi.stubGlobal('WebSocketPair', SocketPair)
    request += 1
  })
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('distinguishes requests that alternate', () => {
    const [one, two] = [request, request + 1]
    const ofOne = requestScope()
    request = two
    const ofTwo = requestScope()
    expect([ofOne.isCurrent(), ofTwo.isCurrent()]).toEqual([false, true])
    request = one
    const again = requestScope()
    expect([ofOne.isCurrent(), ofTwo.isCurrent(), again.isCurrent()]).toEqual([true, false, true])
    request = two
    expect([ofOne.isCurrent(), ofTwo.isCurrent(), again.isCurrent()]).toEqual([false, true, false])
  })

  it.each([
    ['touch', (cache: AsyncCache) => cache.atouch('key')],
    ['add', (cache: AsyncCache) => cache.aadd('key', 1)],
    ['pop', (cache: AsyncCache) => cache.apop('key')],
    ['set', (cache: AsyncCache) => cache.aset('key', 1)],
    ['delete', (cache: AsyncCache) => cache.adelete('key')],
    ['clear', (cache: AsyncCache) => cache.aclear()],
  ])('neither joins a load of another request, nor waits for its %s', async (_, change) => {
    const memory = memoryAdapter()
    const never = new Promise<never>(() => {})
    let hangs = false
    const cache = createCache({
      adapter: {
        name: 'hanging',
        supports: memory.supports,
        read: (...args) => memory.read(...args),
        commit: (...args) => (hangs ? never : memory.commit(...args)),
        clear: (...args) => (hangs ? never : memory.clear(...args)),
        close: async () => {},
      },
      operationTimeout: null,
    })
    const hang = vi.fn(() => never)
    void cache.agetOrSet('key', hang)
    await vi.waitFor(() => expect(hang).toHaveBeenCalled())
    request += 1
    const { promise, resolve: end } = Promise.withResolvers<string>()
    const load = vi.fn(() => promise)
    const loading = cache.agetOrSet('key', load)
    await vi.waitFor(() => expect(load).toHaveBeenCalled())
    request += 1
    hangs = true
    void change(cache)
    hangs = false
    request -= 1
    end('loaded')
    expect(await loading).toBe('loaded')
    expect(await cache.agetOrSet('key', () => 'again')).toBeDefined()
  })

  it('joins the loads of the same request', async () => {
    const cache = createCache({ adapter: memoryAdapter() })
    const load = vi.fn(async () => 'loaded')
    await Promise.all([cache.agetOrSet('key', load), cache.agetOrSet('key', load)])
    expect(load).toHaveBeenCalledTimes(1)
  })

  it('supersedes the loads of all requests', async () => {
    const cache = createCache({ adapter: memoryAdapter() })
    const { promise, resolve: end } = Promise.withResolvers<string>()
    const load = vi.fn(() => promise)
    const loading = cache.agetOrSet('key', load)
    await vi.waitFor(() => expect(load).toHaveBeenCalled())
    request += 1
    await cache.adelete('key')
    request -= 1
    end('of before')
    expect(await loading).toBe('of before')
    expect(await cache.aget('key')).toBeUndefined()
  })

  it('does not keep the states of cancelled requests forever', () => {
    const flights = new InFlightLoads<unknown>()
    const visit = flights.enter('first')
    const flight = flights.start('first', visit, () => new Promise(() => {}))
    for (let key = 0; key < 20_000; key += 1) flights.enter(`key ${key}`)
    expect(flights.size).toBeLessThanOrEqual(10_000)
    // A request that continues anyway gets its value, and stores nothing that a change may have superseded.
    expect(flight.superseded).toBe(true)
    expect(flights.start('first', visit, async () => 1).superseded).toBe(true)
  })
})
