import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import {
  type IndexedDBAdapter,
  type IndexedDBAdapterOptions,
  indexedDBAdapter,
  lruLimits,
  withFallback,
} from './index.ts'

afterEach(() => vi.restoreAllMocks())

interface Opened {
  readonly name: string
  readonly cache: AsyncCache
  readonly adapter: IndexedDBAdapter
  /** What the adapter asked to be done when idle. */
  readonly idle: (() => void)[]
  readonly faults: Error[]
}

type Options = Partial<IndexedDBAdapterOptions> & { readonly hasFallback?: boolean }

function open({ hasFallback = false, ...options }: Options = {}, clock: () => number = Date.now): Opened {
  const idle: (() => void)[] = []
  const faults: Error[] = []
  const name = options.name ?? crypto.randomUUID()
  const own = indexedDBAdapter({
    name,
    whenIdle: (work) => idle.push(work),
    onFault: (fault) => faults.push(fault as Error),
    ...options,
  })
  const adapter = hasFallback ? withFallback(own, () => expect.unreachable()) : own
  return { name, adapter, idle, faults, cache: createCache({ adapter, clock }) }
}

async function exists(name: string): Promise<boolean> {
  return (await indexedDB.databases()).some((database) => database.name === name)
}

/** Never resolves where an adapter stands in its way. */
function remove(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })
}

/** Resolves when all that was asked of the database so far is done, without opening it. */
async function settled(name: string): Promise<void> {
  for (let round = 0; round < 20; round += 1) await exists(name)
}

/** The calls that a session may have under way, each alone on a database that is there already. */
const CALLS: Record<string, (opened: Opened) => Promise<unknown>> = {
  aget: ({ cache }) => cache.aget('n'),
  agetMany: ({ cache }) => cache.agetMany(['n', 'm']),
  aset: ({ cache }) => cache.aset('n', 1),
  aincr: ({ cache }) => cache.aincr('n', 1, { initial: 0 }),
  aclear: ({ cache }) => cache.aclear(),
  sweep: ({ adapter }) => adapter.sweep(),
  ready: ({ adapter }) => adapter.ready(),
}

describe('sweep', () => {
  it('goes by the wall clock where it is the first call of a session', async () => {
    const earlier = open({}, () => Date.now() - 3_600_000)
    await earlier.cache.asetMany({ a: 1, b: 2 }, 60)
    await earlier.cache.aset('live', 3, 86_400)
    await earlier.cache.aclose()
    const later = open({ name: earlier.name })
    expect(await later.adapter.sweep()).toBe(2)
    expect(await later.adapter.sweep()).toBe(0)
    expect(await later.cache.aget('live')).toBe(3)
    await later.cache.aclose()
  })

  it('goes by the cache’s clock after that', async () => {
    let now = 1_000
    const { cache, adapter } = open({}, () => now)
    await cache.aset('n', 1, 60)
    expect(await adapter.sweep()).toBe(0)
    now += 60_000
    await cache.aget('n')
    expect(await adapter.sweep()).toBe(1)
    await cache.aclose()
  })
})

describe('a call under way at aclose', () => {
  it.each(Object.entries(CALLS))(
    'ends before it, and leaves nothing to be done later: %s',
    async (_call, call) => {
      for (const options of [
        {},
        { limits: lruLimits({ maxEntries: 100 }) },
        { limits: lruLimits() },
        { hasFallback: true },
      ]) {
        const opened = open(options)
        await opened.cache.aset('n', 0, null)
        // What was armed before is of the same session, and does nothing either.
        const before = opened.idle.length
        const ended: string[] = []
        const calls = [call(opened), call(opened)].map((one) => one.then(() => ended.push('call')))
        const closes = [opened.cache.aclose(), opened.cache.aclose()]
        await Promise.all([...calls, ...closes.map((close) => close.then(() => ended.push('close')))])
        expect(ended).toEqual(['call', 'call', 'close', 'close'])
        expect(opened.idle).toHaveLength(before)
        await remove(opened.name)
        for (const work of opened.idle) work()
        await settled(opened.name)
        expect(await exists(opened.name)).toBe(false)
        expect(opened.faults).toEqual([])
      }
    },
  )

  it.each(Object.entries(CALLS))(
    'ends before it also where it must open the database first: %s',
    async (_call, call) => {
      for (const options of [{}, { hasFallback: true }]) {
        const opened = open(options)
        const ended: string[] = []
        await Promise.all([
          call(opened).then(() => ended.push('call')),
          opened.cache.aclose().then(() => ended.push('close')),
        ])
        expect(ended).toEqual(['call', 'close'])
        expect(opened.idle).toHaveLength(0)
        await remove(opened.name)
        await settled(opened.name)
        expect(await exists(opened.name)).toBe(false)
      }
    },
  )

  it('makes no deleted database anew when it must be tried again', async () => {
    const opened = open()
    await opened.cache.aset('n', 1, null)
    const { transaction } = IDBDatabase.prototype
    let left = 1
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      const begun = transaction.apply(this, args)
      // As after a connection that was lost: the call is made once more.
      if (left > 0) begun.abort()
      left -= 1
      return begun
    })
    const read = opened.cache.aget('n')
    await opened.cache.aclose()
    await remove(opened.name)
    expect(await read).toBe(1)
    await settled(opened.name)
    expect(await exists(opened.name)).toBe(false)
  })
})

describe('a call after aclose', () => {
  it('opens the database again, and has it swept when idle', async () => {
    const { cache, idle, name } = open()
    await cache.aset('n', 1, null)
    await cache.aclose()
    expect(idle).toHaveLength(1)
    expect(await cache.aget('n')).toBe(1)
    expect(idle).toHaveLength(2)
    await cache.aclose()
    await remove(name)
    await cache.aset('n', 2, null)
    expect(await cache.aget('n')).toBe(2)
    await cache.aclose()
  })

  it('is not held up by aclose, nor by those that it waits for', async () => {
    const { cache } = open()
    await cache.aset('n', 1, null)
    const reads = [cache.aget('n')]
    const closed = cache.aclose()
    reads.push(cache.aget('n'))
    expect(await Promise.all(reads)).toEqual([1, 1])
    await closed
    expect(await cache.aget('n')).toBe(1)
    await cache.aclose()
  })
})

describe('a database that another tab has deleted', () => {
  it('is not made anew by the idle sweep', async () => {
    const { cache, idle, name, faults } = open()
    await cache.aset('n', 1, null)
    await remove(name)
    for (const work of idle) work()
    await settled(name)
    expect(await exists(name)).toBe(false)
    // Used again, it is swept again.
    await cache.aset('n', 2, null)
    expect(idle).toHaveLength(2)
    await cache.aclose()
    expect(faults).toEqual([])
  })

  it('is not made anew by aclose, which has uses to write down', async () => {
    const { cache, name } = open({ limits: lruLimits({ maxEntries: 10 }) })
    await cache.aset('n', 1, null)
    await cache.aget('n')
    await remove(name)
    await cache.aclose()
    expect(await exists(name)).toBe(false)
  })
})

describe('the idle sweep', () => {
  it('removes what is dead, once for all calls before it', async () => {
    let now = 1_000
    const { cache, idle, name, adapter } = open({}, () => now)
    await cache.asetMany({ a: 1, b: 2 }, 1)
    await cache.aset('c', 3, 100)
    now = 3_000
    await cache.aget('c')
    expect(idle).toHaveLength(1)
    for (const work of idle) work()
    // An idle callback that calls its work twice.
    for (const work of idle) work()
    await vi.waitFor(async () => expect(await countEntries(name)).toBe(1))
    expect(await adapter.sweep()).toBe(0)
    await cache.aclose()
  })

  it('tells onFault when it fails, and nobody else', async () => {
    const onError = vi.fn()
    addEventListener('error', onError)
    const { cache, idle, faults } = open()
    await cache.aset('n', 1, null)
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
      throw new DOMException('The disk is broken', 'DataError')
    })
    for (const work of idle) work()
    await vi.waitFor(() => expect(faults).toHaveLength(1))
    expect(faults[0]).toMatchObject({
      message: 'The idle sweep failed: The disk is broken',
      cause: { name: 'DataError' },
    })
    vi.restoreAllMocks()
    expect(await cache.aget('n')).toBe(1)
    expect(idle).toHaveLength(2)
    await cache.aclose()
    removeEventListener('error', onError)
    expect(onError).not.toHaveBeenCalled()
  })

  const BAD_IDLE: Record<string, () => unknown> = {
    throws: () => {
      throw new Error('never idle')
    },
    rejects: () => Promise.reject(new Error('never idle')),
  }

  it.each(Object.entries(BAD_IDLE))('changes no answer where whenIdle %s', async (_how, whenIdle) => {
    const { cache, faults } = open({ whenIdle: whenIdle as never })
    expect(await cache.aincr('n', 1, { initial: 0 })).toBe(1)
    expect(await cache.aget('n')).toBe(1)
    expect(await cache.aincr('n')).toBe(2)
    expect(faults.map(({ message }) => message)).toEqual(['whenIdle failed: never idle'])
    await cache.aclose()
  })
})

// WebKitGTK has no StorageManager.
it.runIf('StorageManager' in globalThis)(
  'asks for storage to be kept, and takes a refusal for one',
  async () => {
    const { adapter, faults } = open()
    const persist = vi.spyOn(StorageManager.prototype, 'persist')
    persist.mockResolvedValueOnce(true)
    expect(await adapter.persist()).toBe(true)
    persist.mockRejectedValueOnce(new TypeError('opaque origin'))
    expect(await adapter.persist()).toBe(false)
    expect(faults.map(({ message }) => message)).toEqual([expect.stringContaining('opaque origin')])
  },
)

it('leaves no listener on the connection, however many calls there were', async () => {
  let listeners = 0
  const { addEventListener: add, removeEventListener: take } = EventTarget.prototype
  vi.spyOn(EventTarget.prototype, 'addEventListener').mockImplementation(function (
    this: EventTarget,
    ...args
  ) {
    if (this instanceof IDBDatabase) listeners += 1
    add.apply(this, args)
  })
  vi.spyOn(EventTarget.prototype, 'removeEventListener').mockImplementation(function (
    this: EventTarget,
    ...args
  ) {
    if (this instanceof IDBDatabase) listeners -= 1
    take.apply(this, args)
  })
  const { adapter } = open({ limits: lruLimits({ maxEntries: 100 }) })
  const tenants = Array.from({ length: 200 }, (_, index) =>
    createCache({ adapter, keyPrefix: `user-${index}` }),
  )
  await tenants[0]?.aset('cart', [])
  const few = listeners
  for (const tenant of tenants) {
    await tenant.aset('cart', [])
    await tenant.aget('cart')
    await tenant.aclear()
  }
  expect(listeners).toBe(few)
  await adapter.close()
})

async function countEntries(name: string): Promise<number> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open(name)
    request.onsuccess = () => resolve(request.result)
  })
  const count = database.transaction('entries').objectStore('entries').count()
  await new Promise((resolve) => {
    count.onsuccess = resolve
  })
  database.close()
  return count.result
}
