import { describe, expect, it } from 'vitest'
import { IsolateMemory } from './isolate-memory.ts'

describe('what an isolate remembers of clears', () => {
  it('is what KV tells of, and what was cleared since', () => {
    const memory = new IsolateMemory()
    memory.noteClear('mine:', 3)
    memory.noteClears(new Map([['theirs:', 2]]), 0)
    expect(memory.trusts('mine:1:key', 1, 2)).toBe(false)
    expect(memory.trusts('theirs:1:key', 1, 1)).toBe(false)
    // An older answer of KV's, from another location.
    memory.noteClears(new Map([['theirs:', 1]]), 0)
    expect(memory.trusts('theirs:1:key', 1, 1)).toBe(false)
  })

  it('is forgotten once the owner has forgotten it', () => {
    const memory = new IsolateMemory()
    memory.noteClear('mine:', 1)
    memory.noteClears(new Map([['theirs:', 2]]), 0)
    expect(memory.trusts('mine:1:key', 1, 0)).toBe(true)
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
    expect(memory.mayHaveCopy('other', 659_999, 60_000)).toBe(false)
    expect(memory.mayHaveCopy('other', 660_000, 60_000)).toBe(true)
  })
})
