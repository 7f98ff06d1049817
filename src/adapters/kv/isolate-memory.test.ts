import { describe, expect, it } from 'vitest'
import { IsolateMemory } from './isolate-memory.ts'

describe('what an isolate remembers of clears', () => {
  it('is what KV tells of, and what was cleared since', () => {
    const memory = new IsolateMemory()
    memory.noteInvalidation('mine:', 3)
    memory.noteAnnounced(new Map([['theirs:', 2]]), 0)
    expect(memory.trusts('mine:1:key', 1, 2)).toBe(false)
    expect(memory.trusts('theirs:1:key', 1, 1)).toBe(false)
    // An older answer of KV's, from another location.
    memory.noteAnnounced(new Map([['theirs:', 1]]), 0)
    expect(memory.trusts('theirs:1:key', 1, 1)).toBe(false)
  })

  it('is forgotten once the owner has forgotten it', () => {
    const memory = new IsolateMemory()
    memory.noteInvalidation('mine:', 1)
    memory.noteAnnounced(new Map([['theirs:', 2]]), 0)
    expect(memory.trusts('mine:1:key', 1, 0)).toBe(true)
  })
})

describe('what an isolate remembers of clears and misses', () => {
  it('is asked for again after a while, also where the clock was set back', () => {
    const memory = new IsolateMemory()
    const [day, minute] = [86_400_000, 60_000]
    memory.noteAnnounced(new Map(), day)
    memory.noteAbsent('key', day)
    for (const [now, isKnown] of [
      [day + minute - 1, true],
      [day + minute, false],
      [day - minute, false],
      [0, false],
    ] as const) {
      expect(memory.areInvalidationsKnown(now, minute)).toBe(isKnown)
      expect(memory.mayHaveReplica('key', now, minute)).toBe(!isKnown)
    }
  })

  it('is of twenty thousand clears, and without the others no copy is trusted for a while', () => {
    const memory = new IsolateMemory()
    for (let index = 0; index <= 20_000; index += 1) memory.noteInvalidation(`tenant-${index}:`, index + 1)
    expect(memory.size).toBe(20_000)
    expect(memory.mayHaveReplica('tenant-0:1:key', Date.now(), 60_000)).toBe(false)
    expect(memory.mayHaveReplica('tenant-0:1:key', Date.now() + 660_000, 60_000)).toBe(true)
  })

  it('is of what an owner said last of its storage', () => {
    const memory = new IsolateMemory()
    expect(memory.isOfLostStorage(0, 'old')).toBe(false)
    memory.noteIncarnation(0, 'new')
    expect(memory.isOfLostStorage(0, 'old')).toBe(true)
    expect(memory.isOfLostStorage(0, 'new')).toBe(false)
    expect(memory.isOfLostStorage(1, 'old')).toBe(false)
    // Owners and copies of an earlier version say nothing of it.
    memory.noteIncarnation(0, undefined)
    expect(memory.isOfLostStorage(0, undefined)).toBe(false)
    expect(memory.isOfLostStorage(0, 'old')).toBe(true)
  })
})

describe('what an isolate remembers of its writes', () => {
  it('keeps it from a copy of before one, also after it has read one of after it', () => {
    const memory = new IsolateMemory()
    memory.noteStored('key', memory.noteWriting('key', 0), 5)
    expect(memory.trusts('key', 4, 0)).toBe(false)
    expect(memory.trusts('key', 5, 0)).toBe(true)
    expect(memory.trusts('key', 4, 0)).toBe(false)
  })
})

describe('what an isolate forgets of its writes', () => {
  it('keeps it from all copies until they have them', () => {
    const memory = new IsolateMemory()
    for (let index = 0; index < 10_001; index += 1)
      memory.noteStored(`${index}`, memory.noteWriting(`${index}`, 0), 1)
    expect(memory.mayHaveReplica('other', 659_999, 60_000)).toBe(false)
    expect(memory.mayHaveReplica('other', 660_000, 60_000)).toBe(true)
  })
})
