import { describe, expect, it } from 'vitest'
import { IsolateMemories } from './isolate-memories.ts'

const MINUTE = 60_000

describe('what an isolate remembers of its caches', () => {
  it('is the same for each adapter of a cache', () => {
    const memories = new IsolateMemories()
    expect(memories.of('a')).toBe(memories.of('a'))
    expect(memories.of('a')).not.toBe(memories.of('b'))
  })

  it('is of a hundred caches, however many there are', () => {
    const memories = new IsolateMemories()
    const first = memories.of('tenant-0')
    for (let index = 1; index <= 99; index += 1) memories.of(`tenant-${index}`)
    expect(memories.of('tenant-0')).toBe(first)
    const second = memories.of('tenant-1')
    for (let index = 100; index < 199; index += 1) memories.of(`tenant-${index}`)
    expect(memories.of('tenant-1')).toBe(second)
    expect(memories.of('tenant-0')).not.toBe(first)
  })

  it('is of so many keys, whatever the number of caches', () => {
    const memories = new IsolateMemories()
    const caches = Array.from({ length: 10 }, (_, cache) => {
      const memory = memories.of(`${cache}`)
      for (let key = 0; key < 10_000; key += 1) memory.noteAbsent(`${key}`, 0)
      return memory
    })
    memories.of('one more')
    const kept = caches.map((memory, cache) => memories.of(`${cache}`) === memory)
    expect(kept.filter(Boolean).length).toBeLessThanOrEqual(5)
  })

  it('once forgotten, has a cache that was written to be read at its owners for a while, and no other', () => {
    const memories = new IsolateMemories()
    memories.of('written').noteWriting('key', 0)
    memories.of('read').noteAbsent('key', 0)
    for (let index = 0; index < 100; index += 1) memories.of(`${index}`)
    expect(memories.of('written').mayHaveReplica('key', 11 * MINUTE - 1, MINUTE)).toBe(false)
    expect(memories.of('written').mayHaveReplica('key', 11 * MINUTE, MINUTE)).toBe(true)
    expect(memories.of('read').mayHaveReplica('key', 0, MINUTE)).toBe(true)
    expect(memories.of('new').mayHaveReplica('key', 0, MINUTE)).toBe(true)
  })

  it('is not even that of ten thousand others: then a cache met anew may have been written to', () => {
    const memories = new IsolateMemories()
    for (let index = 0; index < 10_200; index += 1) memories.of(`${index}`).noteWriting('key', index)
    expect(memories.of('0').mayHaveReplica('key', 11 * MINUTE - 1, MINUTE)).toBe(false)
  })

  it('grows by the writes of an adapter that has outlived it', () => {
    const memories = new IsolateMemories()
    const [old, other] = [memories.of('cache'), memories.of('other')]
    for (let index = 0; index < 100; index += 1) memories.of(`${index}`)
    const anew = memories.of('cache')
    expect(anew).not.toBe(old)
    old.noteWriting('key', 5 * MINUTE)
    expect(anew.mayHaveReplica('key', 15 * MINUTE, MINUTE)).toBe(false)
    // Nobody has met this one since: it is remembered again.
    other.noteWriting('key', 0)
    expect(memories.of('other')).toBe(other)
  })
})
