import { describe, expect, it } from 'vitest'
import type { Adapter, Change, ClaimRequest, Entry, Metadata, Op, Outcome } from '../core/adapter.ts'
import { isLive } from '../core/operations.ts'

const NOW = 1_800_000_000_000
const OK: Outcome = { ok: true }
const SUPERSEDED: Outcome = { ok: false, reason: 'superseded' }
const MISSING: Outcome = { ok: false, reason: 'missing' }

function set(
  key: string,
  value: unknown,
  metadata?: Partial<Metadata>,
  expiresAt: number | null = NOW + 1_000,
): Change {
  const entry: Entry =
    metadata === undefined
      ? { value, expiresAt }
      : { value, expiresAt, metadata: { storedAt: NOW, ...metadata } }
  return { key, op: { kind: 'set', entry } }
}

const claimOp = (token: number, more: Partial<Extract<Op, { kind: 'claim' }>> = {}): Op => ({
  kind: 'claim',
  token,
  until: NOW + 30_000,
  ...more,
})
const fill = (key: string, token: number, value: unknown, tags?: readonly string[]): Change => ({
  key,
  op: {
    kind: 'fill',
    token,
    entry: { value, expiresAt: null, ...(tags !== undefined && { metadata: { storedAt: NOW, tags } }) },
  },
})
const request = (token: number, wait: boolean): ClaimRequest => ({ token, milliseconds: 30_000, wait })

/** Tests what an adapter must do for stale windows, tags and shared loads, as far as its `supports` declares it. */
export function freshnessCases(open: () => Adapter): void {
  const commit = async (adapter: Adapter, change: Change, now = NOW): Promise<Outcome | undefined> =>
    (await adapter.commit([change], now))[0]
  const entryOf = async (adapter: Adapter, key: string, now = NOW): Promise<Entry | undefined> =>
    (await adapter.read([key], now, 'value', true))[0]
  const storedValue = async (adapter: Adapter, key: string, now = NOW): Promise<unknown> => {
    const entry = await entryOf(adapter, key, now)
    return isLive(entry, now) ? entry.value : undefined
  }

  describe('metadata', () => {
    const metadata: Metadata = {
      storedAt: NOW,
      loadMs: 12.5,
      staleWhileRevalidateMs: 60_000,
      staleIfErrorMs: null,
      tags: [':a', ':ü/1'],
    }

    it.each([1, 'text', { n: 1 }, 'x'.repeat(400_000)])(
      'comes back as it went in, case %#',
      async (value) => {
        const adapter = open()
        await adapter.commit([set(':1:k', value, metadata)], NOW)
        expect(await entryOf(adapter, ':1:k')).toEqual({ value, expiresAt: NOW + 1_000, metadata })
      },
    )

    it('is not added to entries without it', async () => {
      const adapter = open()
      await adapter.commit([set(':1:k', 'v', metadata), set(':1:k', 'v')], NOW)
      expect(await entryOf(adapter, ':1:k')).toStrictEqual({ value: 'v', expiresAt: NOW + 1_000 })
    })

    it('stays through touch, incr and a version move', async () => {
      const adapter = open()
      await adapter.commit([set(':1:n', 1, metadata)], NOW)
      await commit(adapter, { key: ':1:n', op: { kind: 'incr', delta: 1 } })
      await commit(adapter, { key: ':1:n', op: { kind: 'touch', expiresAt: NOW + 2_000 } })
      await commit(adapter, { key: ':1:n', op: { kind: 'move', to: ':2:n' } })
      expect(await entryOf(adapter, ':2:n')).toEqual({ value: 2, expiresAt: NOW + 2_000, metadata })
      expect(await entryOf(adapter, ':1:n')).toBeUndefined()
    })
  })

  describe('stale entries', () => {
    const stale = { staleWhileRevalidateMs: 60_000 }

    it.each(['text', 'x'.repeat(400_000)])(
      'are read until their window ends, and missing to other operations, case %#',
      async (value) => {
        const adapter = open()
        await adapter.commit([set(':1:k', value, stale)], NOW)
        const later = NOW + 30_000
        expect(await entryOf(adapter, ':1:k', later)).toMatchObject({ value, expiresAt: NOW + 1_000 })
        expect(await commit(adapter, { key: ':1:k', op: { kind: 'touch', expiresAt: null } }, later)).toEqual(
          MISSING,
        )
        expect(await commit(adapter, { key: ':1:k', op: { kind: 'incr', delta: 1 } }, later)).toEqual(MISSING)
        expect(await commit(adapter, { key: ':1:k', op: { kind: 'pop' } }, later)).toEqual(MISSING)
        expect(await entryOf(adapter, ':1:k', later)).toMatchObject({ value })
        expect(await commit(adapter, { key: ':1:k', op: { kind: 'delete' } }, later)).toEqual(MISSING)
        expect(await entryOf(adapter, ':1:k', later)).toBeUndefined()
      },
    )

    it('are replaced by add, and removed by clear', async () => {
      const adapter = open()
      await adapter.commit([set(':1:a', 'old', stale), set(':1:b', 'old', stale)], NOW)
      const later = NOW + 30_000
      const add: Change = { key: ':1:a', op: { kind: 'add', entry: { value: 'new', expiresAt: null } } }
      expect(await commit(adapter, add, later)).toEqual(OK)
      expect(await entryOf(adapter, ':1:a', later)).toEqual({ value: 'new', expiresAt: null })
      await adapter.clear('')
      expect(await adapter.read([':1:a', ':1:b'], later, 'value', true)).toEqual([undefined, undefined])
    })

    it('are what expire makes of live ones', async () => {
      const adapter = open()
      await adapter.commit(
        [set(':1:a', 'old', stale), set(':1:b', 'old'), set(':1:c', 'old', stale, null)],
        NOW,
      )
      const expire = (key: string) => commit(adapter, { key, op: { kind: 'expire' } }, NOW + 10)
      expect(await expire(':1:a')).toEqual(OK)
      expect(await expire(':1:a')).toEqual(MISSING)
      expect(await expire(':1:b')).toEqual(OK)
      expect(await expire(':1:c')).toEqual(OK)
      expect(await entryOf(adapter, ':1:a', NOW + 10)).toMatchObject({ value: 'old', expiresAt: NOW + 10 })
      expect(await entryOf(adapter, ':1:b', NOW + 10)).toBeUndefined()
      expect(await entryOf(adapter, ':1:c', NOW + 10)).toMatchObject({ value: 'old', expiresAt: NOW + 10 })
    })
  })

  describe.runIf(open().supports.tags)('deleteTags', () => {
    const invalidate = (adapter: Adapter, tags: string[], now = NOW, kind: 'delete' | 'expire' = 'delete') =>
      adapter.deleteTags?.(tags, now, kind)

    it('removes the entries that have one of the tags, and no others', async () => {
      const adapter = open()
      await adapter.commit(
        [
          set(':1:a', 1, { tags: [':x'] }),
          set(':1:b', 'b', { tags: [':y', ':z'] }),
          set(':1:c', 'c'),
          set('app:1:d', 'd', { tags: ['app:x'] }),
          set(':1:e', 'x'.repeat(400_000), { tags: [':x'] }),
        ],
        NOW,
      )
      await invalidate(adapter, [':x', ':z', ':unknown'])
      const keys = [':1:a', ':1:b', ':1:c', 'app:1:d', ':1:e']
      const found = await Promise.all(keys.map((key) => storedValue(adapter, key)))
      expect(found).toEqual([undefined, undefined, 'c', 'd', undefined])
    })

    it('spares what is written later, and what has lost the tag', async () => {
      const adapter = open()
      await adapter.commit([set(':1:a', 'old', { tags: [':x'] }), set(':1:b', 'old', { tags: [':x'] })], NOW)
      await adapter.commit([set(':1:b', 'new')], NOW)
      await invalidate(adapter, [':x'])
      await adapter.commit([set(':1:a', 'new', { tags: [':x'] })], NOW)
      expect(await storedValue(adapter, ':1:a')).toBe('new')
      expect(await storedValue(adapter, ':1:b')).toBe('new')
      await invalidate(adapter, [':x'])
      expect(await storedValue(adapter, ':1:a')).toBeUndefined()
      expect(await storedValue(adapter, ':1:b')).toBe('new')
    })

    it('follows a moved entry', async () => {
      const adapter = open()
      await adapter.commit([set(':1:a', 'v', { tags: [':x'] })], NOW)
      await commit(adapter, { key: ':1:a', op: { kind: 'move', to: ':2:a' } })
      await invalidate(adapter, [':x'])
      expect(await storedValue(adapter, ':2:a')).toBeUndefined()
    })

    it('makes entries stale if asked to, and removes those without a window', async () => {
      const adapter = open()
      const tags = [':x']
      await adapter.commit(
        [
          set(':1:a', 'old', { tags, staleWhileRevalidateMs: 60_000 }),
          set(':1:b', 'old', { tags, staleIfErrorMs: null }, null),
          set(':1:c', 'old', { tags }),
        ],
        NOW,
      )
      await invalidate(adapter, tags, NOW + 500, 'expire')
      const [a, b, c] = await adapter.read([':1:a', ':1:b', ':1:c'], NOW + 600, 'value', true)
      for (const entry of [a, b]) {
        expect(entry?.value).toBe('old')
        expect(isLive(entry, NOW + 600)).toBe(false)
      }
      expect(isLive(c, NOW + 600)).toBe(false)
      expect(
        await commit(adapter, { key: ':1:a', op: { kind: 'touch', expiresAt: null } }, NOW + 600),
      ).toEqual(MISSING)
      await adapter.commit([set(':1:c', 'new', { tags })], NOW + 600)
      expect(await storedValue(adapter, ':1:c', NOW + 600)).toBe('new')
    })

    it('may be called with no tags', async () => {
      const adapter = open()
      await adapter.commit([set(':1:a', 1, { tags: [':x'] })], NOW)
      await invalidate(adapter, [])
      expect(await storedValue(adapter, ':1:a')).toBe(1)
    })
  })

  describe('claims', () => {
    const releases: (() => void)[] = []
    /** Claims by the adapter's own method, or by a commit, as the core does for adapters without one. */
    const claim = async (adapter: Adapter, key: string, token: number, wait = false): Promise<boolean> => {
      if (adapter.claim !== undefined) {
        const reply = await adapter.claim(key, NOW, request(token, wait))
        if (reply.isGranted && reply.release !== undefined) releases.push(reply.release)
        return reply.isGranted
      }
      const outcome = await commit(adapter, { key, op: claimOp(token) })
      return outcome?.ok === true && outcome.entry === undefined
    }

    it('let the holder store its value, once', async () => {
      const adapter = open()
      expect(await claim(adapter, ':1:k', 1)).toBe(true)
      expect(await storedValue(adapter, ':1:k')).toBeUndefined()
      expect(await commit(adapter, fill(':1:k', 2, 'other'))).toEqual(SUPERSEDED)
      expect(await commit(adapter, fill(':1:k', 1, 'v'))).toEqual(OK)
      expect(await entryOf(adapter, ':1:k')).toStrictEqual({ value: 'v', expiresAt: null })
      expect(await commit(adapter, fill(':1:k', 1, 'again'))).toEqual(SUPERSEDED)
    })

    it('leave nothing behind when they end without a value', async () => {
      const adapter = open()
      expect(await claim(adapter, ':1:k', 1)).toBe(true)
      expect(await commit(adapter, { key: ':1:k', op: { kind: 'unclaim', token: 2 } })).toEqual(MISSING)
      expect(await commit(adapter, { key: ':1:k', op: { kind: 'unclaim', token: 1 } })).toEqual(OK)
      expect(await entryOf(adapter, ':1:k')).toBeUndefined()
      expect(await commit(adapter, fill(':1:k', 1, 'v'))).toEqual(SUPERSEDED)
    })

    it('leave the stale entry as it was', async () => {
      const adapter = open()
      const metadata = { storedAt: NOW - 5_000, staleWhileRevalidateMs: 60_000 }
      await adapter.commit([set(':1:k', { n: 1 }, metadata, NOW - 1_000)], NOW - 5_000)
      const before = await entryOf(adapter, ':1:k')
      expect(await claim(adapter, ':1:k', 1)).toBe(true)
      expect(await entryOf(adapter, ':1:k')).toMatchObject({ ...before })
      await commit(adapter, { key: ':1:k', op: { kind: 'unclaim', token: 1 } })
      expect(await entryOf(adapter, ':1:k')).toEqual(before)
    })

    const changes: [string, (adapter: Adapter) => Promise<unknown> | undefined][] = [
      ['set', (adapter) => commit(adapter, set(':1:k', 'theirs'))],
      [
        'add',
        (adapter) =>
          commit(adapter, { key: ':1:k', op: { kind: 'add', entry: { value: 'a', expiresAt: null } } }),
      ],
      ['delete', (adapter) => commit(adapter, { key: ':1:k', op: { kind: 'delete' } })],
      [
        'incr with initial',
        (adapter) =>
          commit(adapter, {
            key: ':1:k',
            op: { kind: 'incr', delta: 1, initial: { value: 0, expiresAt: null } },
          }),
      ],
      ['expire', (adapter) => commit(adapter, { key: ':1:k', op: { kind: 'expire' } })],
      ['clear', (adapter) => adapter.clear('')],
      [
        'a move to the key',
        async (adapter) => {
          await commit(adapter, set(':2:k', 'moved'))
          await commit(adapter, { key: ':2:k', op: { kind: 'move', to: ':1:k' } })
        },
      ],
    ]

    it.each(changes)('end with %s', async (_, change) => {
      const adapter = open()
      expect(await claim(adapter, ':1:k', 1)).toBe(true)
      await change(adapter)
      const after = await storedValue(adapter, ':1:k')
      expect(await commit(adapter, fill(':1:k', 1, 'late'))).toEqual(SUPERSEDED)
      expect(await storedValue(adapter, ':1:k')).toEqual(after)
    })

    it('do not end with a change that is refused', async () => {
      const adapter = open()
      expect(await claim(adapter, ':1:k', 1)).toBe(true)
      const refused: Op[] = [
        { kind: 'touch', expiresAt: null },
        { kind: 'incr', delta: 1 },
        { kind: 'pop' },
        { kind: 'move', to: ':2:k' },
      ]
      for (const op of refused) expect(await commit(adapter, { key: ':1:k', op })).toEqual(MISSING)
      expect(await commit(adapter, fill(':1:k', 1, 'v'))).toEqual(OK)
    })

    it.runIf(open().supports.tags)(
      'refuse a value with a tag that was invalidated since, and take others',
      async () => {
        const adapter = open()
        for (const key of [':1:a', ':1:b', ':1:c']) expect(await claim(adapter, key, 1)).toBe(true)
        await adapter.deleteTags?.([':x'], NOW, 'delete')
        await adapter.deleteTags?.([':y'], NOW, 'expire')
        expect(await commit(adapter, fill(':1:a', 1, 'v', [':x', ':z']))).toEqual(SUPERSEDED)
        expect(await commit(adapter, fill(':1:b', 1, 'v', [':y']))).toEqual(SUPERSEDED)
        expect(await commit(adapter, fill(':1:c', 1, 'v', [':z']))).toEqual(OK)
        const keys = [':1:a', ':1:b', ':1:c']
        expect(await Promise.all(keys.map((key) => storedValue(adapter, key)))).toEqual([
          undefined,
          undefined,
          'v',
        ])
        for (const release of releases.splice(0)) release()
        // The refused loads hold nothing any more.
        expect(await claim(adapter, ':1:a', 2, true)).toBe(true)
      },
    )

    it.runIf(open().readsClaims)('are read, also without an entry, until they end', async () => {
      const adapter = open()
      const metadata = { storedAt: NOW - 5_000, staleWhileRevalidateMs: 60_000 }
      await adapter.commit([set(':1:stale', 'old', metadata, NOW - 1_000)], NOW - 5_000)
      for (const key of [':1:k', ':1:stale']) {
        expect(await claim(adapter, key, 1)).toBe(true)
        const held = (await entryOf(adapter, key))?.claim
        expect(held?.token).toBe(1)
        expect(held?.invalidatedTags).toBeUndefined()
        await adapter.deleteTags?.([':a'], NOW, 'expire')
        expect((await entryOf(adapter, key))?.claim).toMatchObject({ token: 1, invalidatedTags: [':a'] })
        await commit(adapter, { key, op: { kind: 'delete' } })
        expect(await entryOf(adapter, key)).toBeUndefined()
      }
      for (const release of releases.splice(0)) release()
    })

    describe.runIf(open().supports.sharedLoads)('of several processes', () => {
      it('are granted to one at a time, and the others get its value', async () => {
        const adapter = open()
        const first = await adapter.claim?.(':1:k', NOW, request(1, true))
        expect(first?.isGranted).toBe(true)
        expect(await adapter.claim?.(':1:k', NOW, request(2, false))).toEqual({ isGranted: false })
        const waiting = [3, 4].map((token) => adapter.claim?.(':1:k', NOW, request(token, true)))
        expect(await commit(adapter, fill(':1:k', 1, 'v'))).toEqual(OK)
        if (first?.isGranted) first.release?.()
        for (const reply of await Promise.all(waiting)) {
          expect(reply).toEqual({ isGranted: false, entry: { value: 'v', expiresAt: null } })
        }
      })

      it('go to the next in turn if the holder stores nothing', async () => {
        const adapter = open()
        const first = await adapter.claim?.(':1:k', NOW, request(1, true))
        const waiting = [2, 3].map((token) => adapter.claim?.(':1:k', NOW, request(token, true)))
        await commit(adapter, { key: ':1:k', op: { kind: 'unclaim', token: 1 } })
        if (first?.isGranted) first.release?.()
        const next = await Promise.race(waiting)
        expect(next?.isGranted).toBe(true)
        const [second, third] = waiting
        const token = (await Promise.race([second, Promise.resolve()])) === undefined ? 3 : 2
        expect(await commit(adapter, fill(':1:k', token, 'v'))).toEqual(OK)
        if (next?.isGranted) next.release?.()
        const last = await (token === 2 ? third : second)
        expect(last).toEqual({ isGranted: false, entry: { value: 'v', expiresAt: null } })
      })

      it('replace a live entry only if it is not newer than the one that the caller saw', async () => {
        const adapter = open()
        await adapter.commit([set(':1:k', 'old')], NOW)
        const refresh = { ...request(1, false), refresh: NOW + 1_000 }
        expect(await adapter.claim?.(':1:k', NOW, request(1, false))).toMatchObject({
          isGranted: false,
          entry: { value: 'old' },
        })
        const granted = await adapter.claim?.(':1:k', NOW, refresh)
        expect(granted?.isGranted).toBe(true)
        expect(await storedValue(adapter, ':1:k')).toBe('old')
        expect(await commit(adapter, fill(':1:k', 1, 'new'))).toEqual(OK)
        if (granted?.isGranted) granted.release?.()
        expect(await adapter.claim?.(':1:k', NOW, { ...refresh, token: 2 })).toMatchObject({
          isGranted: false,
          entry: { value: 'new' },
        })
      })
    })
  })
}
