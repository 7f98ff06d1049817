import { describe, expect, it } from 'vitest'
import { Notes } from './uses.ts'

describe('Notes', () => {
  it('keeps the last 10,000 keys, also when notes could not be written and are put back', () => {
    const notes = new Notes()
    const note = (start: string) => {
      for (let index = 0; index < 10_000; index += 1) notes.note(`${start}-${index}`)
    }
    note('a')
    const taken = notes.take()
    note('b')
    notes.putBack(taken)
    notes.note('c')
    expect(notes.size).toBe(10_000)
    expect(notes.useOf('a-9999')).toBeUndefined()
    expect(notes.useOf('b-1')).toBeDefined()
    expect(notes.useOf('c')).toBeDefined()
  })

  it('counts on from the database, whatever the page has noted before it knew', () => {
    const notes = new Notes()
    notes.note('early')
    notes.sync(1_800_000_000_000.5)
    expect(notes.useOf('early')).toBeGreaterThanOrEqual(1_800_000_000_000.5)
    const next = notes.next()
    expect(next).toBeGreaterThan(notes.useOf('early') as number)
    expect(next).toBeGreaterThan(1_800_000_000_000.5)
    notes.sync(5)
    expect(notes.next()).toBe(next + 1)
  })

  it('takes what it noted to be later than what another tab wrote meanwhile', () => {
    const notes = new Notes()
    notes.sync(10)
    notes.note('mine')
    notes.sync(500)
    expect(notes.useOf('mine')).toBeGreaterThanOrEqual(500)
    expect(notes.next()).toBeGreaterThan(500)
  })

  it('knows by its own clock, which only goes forward, what was written down less than a minute ago', () => {
    let now = 0
    const notes = new Notes(() => now)
    notes.sync(100)
    expect(notes.isRecent(100)).toBe(false)
    const first = notes.next()
    now = 59_000
    notes.sync(first)
    expect(notes.isRecent(first)).toBe(true)
    const second = notes.next()
    now = 60_000
    notes.sync(second)
    expect(notes.isRecent(first)).toBe(false)
    expect(notes.isRecent(second)).toBe(true)
  })
})
