import { afterAll, describe, expect, it } from 'vitest'
import type { Adapter, Change, Entry, Op, Outcome } from '../core/adapter.ts'
import { isLive } from '../core/operations.ts'
import { freshnessCases } from './adapter-freshness.ts'
import { isVast, storableValues } from './values.ts'

/** The options of {@link adapterSuite}. */
export interface AdapterSuiteOptions {
  /** Appears in the test titles. */
  readonly name: string
  /** Returns a new adapter on an empty store of its own. */
  readonly createAdapter: () => Adapter
}

const NOW = 1_800_000_000_000
const OK: Outcome = { ok: true }

function missing(): Outcome {
  return { ok: false, reason: 'missing' }
}

function set(key: string, value: unknown, expiresAt: number | null = null): Change {
  return { key, op: { kind: 'set', entry: { value, expiresAt } } }
}

function add(key: string, value: unknown, expiresAt: number | null = null): Change {
  return { key, op: { kind: 'add', entry: { value, expiresAt } } }
}

function incr(key: string, delta = 1): Change {
  return { key, op: { kind: 'incr', delta } }
}

function change(key: string, op: Op): Change {
  return { key, op }
}

/**
 * Tests the contract of an {@link Adapter}: `read`, `commit`, `clear` and `close`. The adapter's own
 * `supports` decides which cases run. For a runner like Vitest.
 * @example
 * ```ts
 * import { memoryAdapter } from 'nearcache/memory'
 * import { adapterSuite } from 'nearcache/testing'
 *
 * adapterSuite({ name: 'memory', createAdapter: () => memoryAdapter() })
 * ```
 */
export function adapterSuite({ name, createAdapter }: AdapterSuiteOptions): void {
  describe(`adapter ${name}`, () => {
    const opened: Adapter[] = []
    const open = (): Adapter => {
      const adapter = createAdapter()
      opened.push(adapter)
      return adapter
    }
    afterAll(() => Promise.all(opened.map((adapter) => adapter.close())))

    const values = async (adapter: Adapter, keys: readonly string[], now = NOW): Promise<unknown[]> => {
      const entries = await adapter.read(keys, now, 'value')
      return entries.map((entry) => (isLive(entry, now) ? entry.value : undefined))
    }

    freshnessCases(open)

    describe('read', () => {
      it('returns entries in the order of the keys, undefined for absent ones, and repeats repeated keys', async () => {
        const adapter = open()
        await adapter.commit([set(':1:a', 1), set(':1:b', 'two', NOW + 5)], NOW)
        const entries = await adapter.read([':1:b', ':1:x', ':1:a', ':1:b'], NOW, 'value')
        const b: Entry = { value: 'two', expiresAt: NOW + 5 }
        expect(entries).toEqual([b, undefined, { value: 1, expiresAt: null }, b])
      })

      it('returns at least the deadline if only presence is wanted', async () => {
        const adapter = open()
        await adapter.commit([set(':1:a', 'x', NOW + 5)], NOW)
        const [a, b] = await adapter.read([':1:a', ':1:b'], NOW, 'presence')
        expect(a?.expiresAt).toBe(NOW + 5)
        expect(b).toBeUndefined()
      })

      it('keeps a deadline to the millisecond', async () => {
        const adapter = open()
        await adapter.commit([set(':1:a', 1, NOW + 1)], NOW)
        expect(await values(adapter, [':1:a'], NOW)).toEqual([1])
        expect(await values(adapter, [':1:a'], NOW + 1)).toEqual([undefined])
      })

      it('keeps the latest possible deadline', async () => {
        const adapter = open()
        const furthest = NOW + 3_155_760_000_000_000
        await adapter.commit([set(':1:a', 1, furthest)], NOW)
        expect(await adapter.read([':1:a'], NOW, 'value')).toEqual([{ value: 1, expiresAt: furthest }])
        expect(await values(adapter, [':1:a'], furthest - 1)).toEqual([1])
      })
    })

    describe('commit', () => {
      it('answers each change in order, and lets later ones see earlier ones', async () => {
        const adapter = open()
        const outcomes = await adapter.commit(
          [
            add(':1:n', 1),
            add(':1:n', 5),
            incr(':1:n', 10),
            change(':1:n', { kind: 'touch', expiresAt: NOW + 9 }),
            change(':1:x', { kind: 'delete' }),
            incr(':1:x'),
            set(':1:t', 'text'),
            incr(':1:t'),
            set(':1:max', Number.MAX_SAFE_INTEGER),
            incr(':1:max'),
            change(':1:t', { kind: 'delete' }),
            add(':1:t', 'again'),
          ],
          NOW,
        )
        expect(outcomes).toEqual([
          OK,
          { ok: false, reason: 'exists' },
          { ok: true, value: 11, expiresAt: null },
          OK,
          missing(),
          missing(),
          OK,
          { ok: false, reason: 'not-an-integer' },
          OK,
          { ok: false, reason: 'out-of-range' },
          OK,
          OK,
        ])
        expect(await adapter.read([':1:n', ':1:t', ':1:max'], NOW, 'value')).toEqual([
          { value: 11, expiresAt: NOW + 9 },
          { value: 'again', expiresAt: null },
          { value: Number.MAX_SAFE_INTEGER, expiresAt: null },
        ])
      })

      it('treats an entry at its deadline as missing', async () => {
        const adapter = open()
        await adapter.commit([set(':1:a', 1, NOW + 1_000), set(':1:b', 1, NOW + 1_000)], NOW)
        const later = NOW + 1_000
        const outcomes = await adapter.commit(
          [
            change(':1:a', { kind: 'touch', expiresAt: null }),
            incr(':1:a'),
            change(':1:a', { kind: 'delete' }),
            add(':1:b', 2),
          ],
          later,
        )
        expect(outcomes).toEqual([missing(), missing(), missing(), OK])
        expect(await values(adapter, [':1:a', ':1:b'], later)).toEqual([undefined, 2])
      })

      it('removes an entry that is replaced by an expired one', async () => {
        const adapter = open()
        await adapter.commit([set(':1:a', 1), set(':1:b', 1)], NOW)
        const dead = [
          set(':1:a', 2, NOW),
          add(':1:c', 2, NOW),
          change(':1:b', { kind: 'touch', expiresAt: NOW - 1 }),
        ]
        expect(await adapter.commit(dead, NOW)).toEqual([OK, OK, OK])
        expect(await adapter.read([':1:a', ':1:b', ':1:c'], NOW - 10_000, 'value')).toEqual([
          undefined,
          undefined,
          undefined,
        ])
      })

      it('keeps the deadline on incr', async () => {
        const adapter = open()
        await adapter.commit([set(':1:n', 1, NOW + 7)], NOW)
        await adapter.commit([incr(':1:n', -3)], NOW + 3)
        expect(await adapter.read([':1:n'], NOW, 'value')).toEqual([{ value: -2, expiresAt: NOW + 7 }])
      })

      it('creates a missing counter, and keeps the deadline of an existing one', async () => {
        const adapter = open()
        const initial: Entry = { value: 10, expiresAt: NOW + 5 }
        const counting = change(':1:n', { kind: 'incr', delta: 1, initial })
        expect(await adapter.commit([counting], NOW)).toEqual([{ ok: true, value: 11, expiresAt: NOW + 5 }])
        const later = { ...counting, op: { ...counting.op, initial: { value: 0, expiresAt: null } } }
        expect(await adapter.commit([later as Change], NOW)).toEqual([
          { ok: true, value: 12, expiresAt: NOW + 5 },
        ])
        expect(await adapter.read([':1:n'], NOW, 'value')).toEqual([{ value: 12, expiresAt: NOW + 5 }])
      })

      it('pops an entry once, with its value and deadline', async () => {
        const adapter = open()
        const rich = { at: new Date(5), tags: new Set(['a']) }
        await adapter.commit([set(':1:p', rich, NOW + 5), set(':1:n', 7)], NOW)
        const pop = (key: string): Change => change(key, { kind: 'pop' })
        expect(await adapter.commit([pop(':1:p'), pop(':1:p'), pop(':1:n'), pop(':1:x')], NOW)).toEqual([
          { ok: true, entry: { value: rich, expiresAt: NOW + 5 } },
          missing(),
          { ok: true, entry: { value: 7, expiresAt: null } },
          missing(),
        ])
      })

      it('releases a token and leaves any other value', async () => {
        const adapter = open()
        const release = (token: number): Change => change(':1:l', { kind: 'release', token })
        await adapter.commit([set(':1:l', 5)], NOW)
        expect(await adapter.commit([release(6), release(5), release(5)], NOW)).toEqual([
          missing(),
          OK,
          missing(),
        ])
      })

      it('moves an entry with its deadline, and replaces the entry there', async () => {
        const adapter = open()
        await adapter.commit([set(':1:m', 'old', NOW + 7), set(':2:m', 'other')], NOW)
        const moves = [
          change(':1:m', { kind: 'move', to: ':2:m' }),
          change(':1:m', { kind: 'move', to: ':3:m' }),
        ]
        expect(await adapter.commit(moves, NOW)).toEqual([OK, missing()])
        expect(await adapter.read([':1:m', ':2:m', ':3:m'], NOW, 'value')).toEqual([
          undefined,
          { value: 'old', expiresAt: NOW + 7 },
          undefined,
        ])
      })

      it('moves an entry to a key that has nothing in common with its own', async () => {
        const adapter = open()
        const targets = Array.from({ length: 20 }, (_, index) => `::other-${index}`)
        for (const [index, to] of targets.entries()) {
          await adapter.commit([set('::from', index, NOW + 7)], NOW)
          expect(await adapter.commit([change('::from', { kind: 'move', to }), incr(to)], NOW)).toEqual([
            OK,
            { ok: true, value: index + 1, expiresAt: NOW + 7 },
          ])
        }
        expect(await values(adapter, ['::from', ...targets])).toEqual([
          undefined,
          ...targets.map((_, index) => index + 1),
        ])
      })

      it('stores a thousand changes at once', async () => {
        const adapter = open()
        const keys = Array.from({ length: 1_000 }, (_, index) => `:1:k${index}`)
        await adapter.commit(
          keys.map((key, index) => set(key, index)),
          NOW,
        )
        expect(await values(adapter, keys)).toEqual(keys.map((_, index) => index))
      })

      it('loses no increment and admits one adder among concurrent callers', async () => {
        const adapter = open()
        if (!adapter.supports.atomic) return
        await adapter.commit([set(':1:n', 0)], NOW)
        const counts = await Promise.all(
          Array.from({ length: 200 }, () => adapter.commit([incr(':1:n')], NOW)),
        )
        const adds = await Promise.all(
          Array.from({ length: 50 }, (_, index) => adapter.commit([add(':1:w', index)], NOW)),
        )
        expect(new Set(counts.map(([outcome]) => outcome?.ok && outcome.value)).size).toBe(200)
        expect(await values(adapter, [':1:n'])).toEqual([200])
        expect(adds.filter(([outcome]) => outcome?.ok)).toHaveLength(1)
      })

      it.each<[string, (index: number) => Op]>([
        ['deletes', () => ({ kind: 'delete' })],
        ['pops', () => ({ kind: 'pop' })],
        ['releases', () => ({ kind: 'release', token: 7 })],
        ['moves', (index) => ({ kind: 'move', to: `:${index + 2}:k` })],
      ])('lets one of 50 concurrent callers succeed: %s', async (_, op) => {
        const adapter = open()
        if (!adapter.supports.atomic) return
        await adapter.commit([set(':1:k', 7)], NOW)
        const outcomes = await Promise.all(
          Array.from({ length: 50 }, (_, index) => adapter.commit([change(':1:k', op(index))], NOW)),
        )
        expect(outcomes.filter(([outcome]) => outcome?.ok)).toHaveLength(1)
      })

      it('loses no increment to concurrent touches', async () => {
        const adapter = open()
        if (!adapter.supports.atomic) return
        await adapter.commit([set(':1:n', 0)], NOW)
        const touch = change(':1:n', { kind: 'touch', expiresAt: NOW + 5 })
        await Promise.all(
          Array.from({ length: 100 }, (_, index) =>
            adapter.commit([index % 2 === 0 ? touch : incr(':1:n')], NOW),
          ),
        )
        expect(await adapter.read([':1:n'], NOW, 'value')).toEqual([{ value: 50, expiresAt: NOW + 5 }])
      })

      it('admits one adder even if all add the same value', async () => {
        const adapter = open()
        if (!adapter.supports.atomic) return
        const adds = await Promise.all(
          Array.from({ length: 50 }, () => adapter.commit([add(':1:w', 1)], NOW)),
        )
        expect(adds.filter(([outcome]) => outcome?.ok)).toHaveLength(1)
        expect(await adapter.commit([add(':1:w', 1)], NOW)).toEqual([{ ok: false, reason: 'exists' }])
      })

      it('distinguishes long keys that differ in their last character', async () => {
        const adapter = open()
        const length = Math.min(adapter.supports.maxKeyBytes ?? 5_000, 5_000)
        const keys = ['a', 'b', ''].map((last) => `:1:${'k'.repeat(length - 4)}${last}`)
        await adapter.commit(
          keys.map((key, index) => set(key, index)),
          NOW,
        )
        expect(await values(adapter, keys)).toEqual([0, 1, 2])
      })

      it('accepts any text as a key', async () => {
        const adapter = open()
        const keys = [
          '::',
          ':1:',
          ':1:a b',
          ':1:a\u0000b',
          ':1:a\u0000c',
          ':1:Ελλάδα',
          ':1:🇬🇷',
          ':1:__proto__',
          '::__proto__',
          ":1:'; --",
          ':1:%',
          ':1:_',
        ]
        await adapter.commit(
          keys.map((key, index) => set(key, index)),
          NOW,
        )
        expect(await values(adapter, keys)).toEqual(keys.map((_, index) => index))
      })
    })

    describe('values', () => {
      it.each(storableValues)('come back as they went in: $name', async ({ make, flaw }) => {
        const adapter = open()
        await adapter.commit([set(':1:v', make())], NOW)
        const [entry] = await adapter.read([':1:v'], NOW, 'value')
        const value = entry?.value
        // Comparing four billion holes would take forever; flaw() checks what matters.
        if (!isVast(make())) expect(value).toStrictEqual(make())
        expect(flaw?.(value as never)).toBeUndefined()
      })

      it('that are too large are refused, and the old value is removed', async () => {
        const adapter = open()
        const { maxValueBytes } = adapter.supports
        if (maxValueBytes === null) return
        await adapter.commit([set(':1:a', 'old'), set(':1:b', 'old')], NOW)
        const large = 'x'.repeat(maxValueBytes + 1)
        const tooLarge = { ok: false, reason: 'too-large' }
        const outcomes = await adapter.commit(
          [set(':1:a', large), add(':1:b', large), add(':1:d', large), set(':1:c', 'fits')],
          NOW,
        )
        // An existing key is refused, even if the new value is too large.
        expect(outcomes).toEqual([tooLarge, { ok: false, reason: 'exists' }, tooLarge, OK])
        expect(await values(adapter, [':1:a', ':1:b', ':1:c', ':1:d'])).toEqual([
          undefined,
          'old',
          'fits',
          undefined,
        ])
      })

      it('of the largest declared size are stored', async () => {
        const adapter = open()
        const { maxValueBytes } = adapter.supports
        if (maxValueBytes === null) return
        const bytes = new Uint8Array(maxValueBytes).fill(7)
        expect(await adapter.commit([set(':1:a', bytes)], NOW)).toEqual([OK])
        const [found] = (await values(adapter, [':1:a'])) as [Uint8Array | undefined]
        // toEqual takes seconds for megabytes.
        expect(found?.length).toBe(bytes.length)
        expect(found?.every((byte) => byte === 7)).toBe(true)
      })
    })

    describe('clear', () => {
      it('removes keys that start with the scope, and no others', async () => {
        const adapter = open()
        const inside = ['app:1:a', 'app:2:a', 'app:1:\uffff', 'app:1:🇬🇷', 'app::x', 'app:']
        const outside = ['ap:1:a', 'app', 'app2:1:a', 'app;', 'App:1:a', ':1:a', 'zapp:1:a', 'app%3A1:1:a']
        await adapter.commit(
          [...inside, ...outside].map((key) => set(key, 1)),
          NOW,
        )
        await adapter.clear('app:')
        expect(await values(adapter, inside)).toEqual(inside.map(() => undefined))
        expect(await values(adapter, outside)).toEqual(outside.map(() => 1))
      })

      it.each([
        ['a_b:', 'axb:1:k'],
        ['a%25b:', 'axx25b:1:k'],
        ['a*b:', 'axxb:1:k'],
        ['a?b:', 'axb:1:k'],
        ['a.b:', 'axb:1:k'],
        ['a[xy]b:', 'axb:1:k'],
        ['a\\b:', 'ab:1:k'],
      ])('treats the scope %s as text, not as a pattern', async (scope, outside) => {
        const adapter = open()
        await adapter.commit([set(`${scope}1:k`, 1), set(outside, 1)], NOW)
        await adapter.clear(scope)
        expect(await values(adapter, [`${scope}1:k`, outside])).toEqual([undefined, 1])
      })

      it('removes everything if the scope is empty, and can be used again', async () => {
        const adapter = open()
        await adapter.commit([set(':1:a', 1), set('app:1:a', 1)], NOW)
        await adapter.clear('')
        await adapter.clear('')
        expect(await values(adapter, [':1:a', 'app:1:a'])).toEqual([undefined, undefined])
        expect(await adapter.commit([add(':1:a', 2)], NOW)).toEqual([OK])
        expect(await values(adapter, [':1:a'])).toEqual([2])
      })
    })

    describe('close', () => {
      it('may be called at any time, and the adapter used again', async () => {
        const adapter = open()
        await adapter.close()
        await adapter.commit([set(':1:a', 1)], NOW)
        await Promise.all([adapter.close(), adapter.close()])
        expect(await values(adapter, [':1:a'])).toEqual([1])
      })
    })
  })
}
