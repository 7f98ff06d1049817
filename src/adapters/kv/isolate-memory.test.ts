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
