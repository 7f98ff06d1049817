import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry, Op } from '../../core/adapter.ts'
import { invalidateTags, step } from '../../core/operations.ts'
import { byteLimit } from './byte-limit.ts'
import { memoryAdapter } from './index.ts'
import { SideRecords } from './side-records.ts'
import { Table } from './table.ts'

const NOW = 1_000
const KEYS = [':1:a', ':1:b', ':2:a', 'app:1:a', 'app:1:c']
const TAGS = [':x', ':y', 'app:x']

const entries: fc.Arbitrary<Entry> = fc
  .tuple(fc.nat(9), fc.constantFrom(null, NOW + 5, NOW + 50), fc.subarray(TAGS), fc.boolean())
  .map(([value, expiresAt, tags, isStaleKept]) => {
    if (tags.length === 0 && !isStaleKept) return { value, expiresAt }
    const window = isStaleKept ? { staleWhileRevalidateMs: 100 } : undefined
    return { value, expiresAt, metadata: { storedAt: NOW, ...(tags.length > 0 && { tags }), ...window } }
  })

const operations: fc.Arbitrary<Op> = fc.oneof(
  entries.map((entry): Op => ({ kind: 'set', entry })),
  entries.map((entry): Op => ({ kind: 'add', entry })),
  fc.tuple(fc.nat(2), entries).map(([token, entry]): Op => ({ kind: 'fill', token, entry })),
  fc.nat(2).map((token): Op => ({ kind: 'unclaim', token })),
  fc
    .tuple(fc.nat(2), fc.boolean())
    .map(([token, force]): Op => ({ kind: 'claim', token, until: NOW + 60, force, refresh: NOW + 5 })),
  fc.constantFrom<Op>(
    { kind: 'delete' },
    { kind: 'pop' },
    { kind: 'expire' },
    { kind: 'incr', delta: 1 },
    { kind: 'touch', expiresAt: NOW + 30 },
    { kind: 'move', to: ':1:b' },
    { kind: 'move', to: 'app:1:c' },
  ),
)

const steps = fc.oneof(
  { weight: 9, arbitrary: fc.record({ key: fc.constantFrom(...KEYS), op: operations }) },
  fc.record({ tags: fc.subarray(TAGS), kind: fc.constantFrom('delete' as const, 'expire' as const) }),
  fc.record({ clear: fc.constantFrom('', 'app:') }),
)

describe('the memory adapter with metadata, claims and tags', () => {
  it('does what the operations say, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(steps, fc.nat(20)), { maxLength: 60 }), (sequence) => {
        const adapter = memoryAdapter()
        const model = new Map<string, Entry>()
        let now = NOW
        for (const [one, passed] of sequence) {
          now += passed
          if ('op' in one) {
            expect(adapter.commitSync([one], now)).toEqual([step(model, one.key, one.op, now)])
          } else if ('clear' in one) {
            adapter.clearSync(one.clear)
            for (const key of [...model.keys()]) if (key.startsWith(one.clear)) model.delete(key)
          } else {
            adapter.deleteTagsSync?.(one.tags, now, one.kind)
            for (const [key, entry] of [...model]) {
              const next = invalidateTags(entry, one.tags, one.kind, now)
              if (next === undefined) model.delete(key)
              else model.set(key, next)
            }
          }
          expect(adapter.readSync(KEYS, now, 'value')).toEqual(KEYS.map((key) => model.get(key)))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps no record of entries that are gone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30), entries), { maxLength: 80 }), (written) => {
        const table = new Table({ maxEntries: 10, cullFrequency: 3, maxBytes: null })
        const bucket = table.bucket(':1:')
        for (const [key, entry] of written) bucket.commit(`k${key}`, { kind: 'set', entry }, NOW)
        const kept = [...bucket.slots.keys()].map((key) => bucket.get(key))
        const tags = new Set(kept.flatMap((entry) => entry?.metadata?.tags ?? []))
        const records = kept.filter((entry) => entry?.metadata !== undefined).length
        const none = { records: 0, tags: 0, claims: 0 }
        expect(table.sideRecords?.counts ?? none).toEqual({ records, tags: tags.size, claims: 0 })
        for (const key of [...bucket.slots.keys()]) bucket.delete(key)
        expect(table.sideRecords?.counts ?? none).toEqual(none)
      }),
    )
  })

  it('has no side records at all without metadata and claims', () => {
    const table = new Table({ maxEntries: null, cullFrequency: 3, maxBytes: null })
    table.bucket(':1:').commit('k', { kind: 'set', entry: { value: 1, expiresAt: null } }, NOW)
    expect(table.sideRecords).toBeUndefined()
  })

  it('drops the record when the fast path overwrites an entry', () => {
    const table = new Table({ maxEntries: null, cullFrequency: 3, maxBytes: null })
    const bucket = table.bucket(':1:')
    const entry = { value: 1, expiresAt: null, metadata: { storedAt: NOW, tags: [':x'] } }
    bucket.commit('k', { kind: 'set', entry }, NOW)
    expect(bucket.trySet('k', 2, null)).toBe(true)
    expect(table.sideRecords?.counts).toEqual({ records: 0, tags: 0, claims: 0 })
    table.deleteTags([':x'], NOW, 'delete')
    expect(bucket.get('k')).toEqual({ value: 2, expiresAt: null })
  })

  it('counts the bytes of tags', () => {
    const adapter = memoryAdapter({ byteLimit: byteLimit(2_000) })
    const tags = Array.from({ length: 100 }, (_, index) => `:a rather long tag ${index}`)
    const entry = { value: 1, expiresAt: null, metadata: { storedAt: NOW, tags } }
    expect(adapter.commitSync([{ key: ':1:k', op: { kind: 'set', entry } }], NOW)).toEqual([
      { ok: false, reason: 'too-large' },
    ])
  })
})

describe('SideRecords', () => {
  it('finds the slots of tags, and those that are claimed', () => {
    const records = new SideRecords<string>()
    records.set(1, 'b', 'k', { value: 1, expiresAt: null, metadata: { storedAt: NOW, tags: [':x'] } })
    records.set(2, 'b', 'l', { value: 1, expiresAt: null, claim: { token: 1, until: 2 } })
    expect([...records.affectedBy([':x'])].sort()).toEqual([1, 2])
    expect([...records.affectedBy([':y'])]).toEqual([2])
    records.delete(1)
    records.delete(2)
    expect(records.counts).toEqual({ records: 0, tags: 0, claims: 0 })
  })
})
