import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AsyncCache } from '../../core/cache.ts'
import { createCache } from '../../core/create-cache.ts'
import { memoryAdapter } from '../memory/index.ts'
import {
  type Announcements,
  announcements,
  type CacheChange,
  type IndexedDBAdapter,
  type IndexedDBAdapterOptions,
  indexedDBAdapter,
  withFallback,
} from './index.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const Channel = globalThis.BroadcastChannel

/** The ways in which a page may be without a working `BroadcastChannel`. */
const BROKEN: Record<string, unknown> = {
  'there is none': undefined,
  'the page is denied storage': class {
    constructor() {
      throw new DOMException('denied', 'SecurityError')
    }
  },
  'it takes no message': class extends Channel {
    override postMessage(): never {
      throw new DOMException('closed', 'InvalidStateError')
    }
  },
}

interface Opened {
  readonly cache: AsyncCache
  readonly adapter: IndexedDBAdapter
  readonly changes: Announcements
  readonly faults: Error[]
}

function open(options: Partial<IndexedDBAdapterOptions> = {}): Opened {
  const faults: Error[] = []
  const changes = announcements()
  const adapter = indexedDBAdapter({
    name: crypto.randomUUID(),
    announcements: changes,
    onFault: (fault) => faults.push(fault as Error),
    ...options,
  })
  return { adapter, changes, faults, cache: createCache({ adapter }) }
}

/** Each writing call with its answer, in an order in which each of them changes something. */
async function writeAll(cache: AsyncCache): Promise<unknown[]> {
  return [
    await cache.aset('n', 1),
    await cache.aincr('n'),
    await cache.aadd('a', 1),
    await cache.aadd('a', 2),
    await cache.atouch('a', 60),
    await cache.asetMany({ b: 1, c: 2 }),
    await cache.aincrVersion('b'),
    await cache.apop('c'),
    await cache.agetOrSet('d', () => 'loaded'),
    await cache.adelete('d'),
    await cache.adelete('missing'),
    await cache.aget('n'),
    await cache.aclear(),
    await cache.aget('n'),
  ]
}

const ANSWERS = [undefined, 2, true, false, true, [], 2, 2, 'loaded', true, false, 2, undefined, undefined]

const CHANGES: CacheChange[] = [
  ...['n', 'n', 'a', 'a'].map((key): CacheChange => ({ kind: 'changed', keys: [`:1:${key}`] })),
  { kind: 'changed', keys: [':1:b', ':1:c'] },
  { kind: 'changed', keys: [':1:b', ':2:b'] },
  ...['c', 'd', 'd'].map((key): CacheChange => ({ kind: 'changed', keys: [`:1:${key}`] })),
  { kind: 'cleared', scope: '' },
]

describe.each(Object.entries(BROKEN))('where no other tab can be told: %s', (_why, Broken) => {
  it('each call has the answer that it has elsewhere, once, and onFault hears why', async () => {
    vi.stubGlobal('BroadcastChannel', Broken)
    const { cache, faults } = open()
    expect(await writeAll(cache)).toEqual(ANSWERS)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatchObject({
      message: expect.stringContaining('Other tabs are not told'),
      cause: expect.any(Error),
    })
    await cache.aclose()
  })

  it('a subscriber hears of what its own adapter stores', async () => {
    vi.stubGlobal('BroadcastChannel', Broken)
    const { cache, changes } = open()
    const heard: CacheChange[] = []
    const stop = changes.subscribe((change) => heard.push(change))
    await writeAll(cache)
    await vi.waitFor(() => expect(heard).toEqual(CHANGES))
    stop()
    await cache.aset('after', 1)
    await nextTask()
    expect(heard).toHaveLength(CHANGES.length)
    await cache.aclose()
  })

  it('tells by console.warn, and goes on where that or onFault throws', async () => {
    vi.stubGlobal('BroadcastChannel', Broken)
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {
      throw new Error('no console')
    })
    const { cache } = open({ onFault: undefined })
    expect(await writeAll(cache)).toEqual(ANSWERS)
    expect(warn).toHaveBeenCalledOnce()
    const fail = () => Promise.reject(new Error('onFault rejects'))
    expect(await writeAll(open({ onFault: fail }).cache)).toEqual(ANSWERS)
    await cache.aclose()
  })

  it('tells other tabs as soon as it can be, and reports it again when it cannot be again', async () => {
    const { cache, faults } = open()
    const sent = vi.spyOn(Channel.prototype, 'postMessage')
    for (const [index, channel] of [Broken, Channel, Broken].entries()) {
      vi.stubGlobal('BroadcastChannel', channel)
      await cache.aset('n', index)
      await cache.aset('n', index)
    }
    expect(faults).toHaveLength(2)
    expect(sent).toHaveBeenCalledTimes(2)
    await cache.aclose()
  })
})

describe('subscribers', () => {
  it.each(Object.entries({ 'one that works': Channel, ...BROKEN }))(
    'that throw or reject harm neither the writer nor each other, with a BroadcastChannel: %s',
    async (_how, channel) => {
      vi.stubGlobal('BroadcastChannel', channel)
      const { cache, changes, faults } = open()
      const heard: CacheChange[] = []
      changes.subscribe(() => {
        throw new Error('thrown')
      })
      changes.subscribe(async () => {
        throw new Error('rejected')
      })
      changes.subscribe((change) => heard.push(change))
      expect(await writeAll(cache)).toEqual(ANSWERS)
      await vi.waitFor(() => {
        expect(heard).toEqual(CHANGES)
        const messages = faults.map(({ message }) => message.replace(/.*: /, ''))
        expect(messages.filter((message) => message === 'thrown')).toHaveLength(CHANGES.length)
        expect(messages.filter((message) => message === 'rejected')).toHaveLength(CHANGES.length)
      })
      await cache.aclose()
    },
  )

  it('hear each change once, as their own copy', async () => {
    vi.stubGlobal('BroadcastChannel', undefined)
    const { cache, changes } = open()
    const heard: CacheChange[] = []
    for (let index = 0; index < 2; index += 1) {
      changes.subscribe((change) => {
        heard.push(structuredClone(change))
        if (change.kind === 'changed') (change.keys as string[]).length = 0
      })
    }
    await cache.asetMany({ a: 1, b: 2 })
    const change = { kind: 'changed', keys: [':1:a', ':1:b'] }
    await vi.waitFor(() => expect(heard).toEqual([change, change]))
    await cache.aclose()
  })

  it('hear of a value that was too large, since the old one is gone with it', async () => {
    const place = memoryAdapter()
    const { changes, adapter } = open()
    const cache = createCache({
      adapter: withFallback(adapter, () => ({
        ...place,
        commit: async () => [{ ok: false, reason: 'too-large' }],
      })),
    })
    vi.stubGlobal('indexedDB', undefined)
    const heard: CacheChange[] = []
    changes.subscribe((change) => heard.push(change))
    await expect(cache.aset('n', 1)).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
    await vi.waitFor(() => expect(heard).toEqual([{ kind: 'changed', keys: [':1:n'] }]))
  })

  it('leave nothing behind that was made for them, however many there were', async () => {
    let channels = 0
    vi.stubGlobal(
      'BroadcastChannel',
      class extends Channel {
        constructor(name: string) {
          super(name)
          channels += 1
        }
        override close(): void {
          channels -= 1
          super.close()
        }
      },
    )
    const { cache, changes } = open()
    const stops = Array.from({ length: 100 }, () => changes.subscribe(() => {}))
    await Promise.all(Array.from({ length: 100 }, (_, index) => cache.aset(`user-${index}:cart`, index)))
    expect(channels).toBe(100)
    for (const stop of stops) stop()
    await cache.aclear()
    expect(channels).toBe(0)
    await cache.aclose()
  })
})

describe('announcements()', () => {
  it('belong to one adapter', async () => {
    const { changes, adapter, cache } = open()
    expect(adapter.announcements).toBe(changes)
    expect(() => indexedDBAdapter({ name: 'other', announcements: changes })).toThrow(TypeError)
    expect(() => indexedDBAdapter({ name: 'other', announcements: changes })).toThrow(
      'announcements() of its own',
    )
    await cache.aclose()
  })

  it.each([null, true, {}, () => {}, 'all'])('cannot be replaced by anything else: %o', (other) => {
    expect(() => indexedDBAdapter({ name: 'app', announcements: other as never })).toThrow(
      /^announcements must be announcements\(\): got /,
    )
  })

  it('are not taken by an adapter that another option refuses', () => {
    const changes = announcements()
    expect(() => indexedDBAdapter({ name: 'app', announcements: changes, openTimeout: 0 })).toThrow(
      RangeError,
    )
    expect(() => indexedDBAdapter({ name: 'app', announcements: changes, onFault: 1 as never })).toThrow(
      TypeError,
    )
    expect(() => indexedDBAdapter({ name: 'app', announcements: changes })).not.toThrow()
  })

  it.each(Object.entries({ 'a BroadcastChannel': Channel, none: undefined }))(
    'take subscribers before their adapter is there, with %s',
    async (_how, channel) => {
      vi.stubGlobal('BroadcastChannel', channel)
      const changes = announcements()
      const heard: CacheChange[] = []
      const stop = changes.subscribe((change) => heard.push(change))
      const stopped = vi.fn()
      changes.subscribe(stopped)()
      const cache = createCache({
        adapter: indexedDBAdapter({
          name: crypto.randomUUID(),
          announcements: changes,
          onFault: () => {},
        }),
      })
      await cache.aset('n', 1)
      await vi.waitFor(() => expect(heard).toEqual([{ kind: 'changed', keys: [':1:n'] }]))
      expect(stopped).not.toHaveBeenCalled()
      stop()
      await cache.aclose()
    },
  )

  it('take no listener that is not a function', () => {
    expect(() => announcements().subscribe(undefined as never)).toThrow('subscribe takes a function')
  })
})

/** Lets what was begun in this turn of the event loop be heard. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
