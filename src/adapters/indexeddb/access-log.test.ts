import { describe, expect, it } from 'vitest'
import { AccessLog } from './access-log.ts'

describe('AccessLog', () => {
  it('keeps the last 10,000 keys, also when they could not be written and are put back', () => {
    const log = new AccessLog()
    const note = (start: string) => {
      for (let index = 0; index < 10_000; index += 1) log.note(`${start}-${index}`)
    }
    note('a')
    const taken = log.take()
    note('b')
    log.putBack(taken)
    log.note('c')
    expect(log.size).toBe(10_000)
    expect(log.useOf('a-9999')).toBeUndefined()
    expect(log.useOf('b-1')).toBeDefined()
    expect(log.useOf('c')).toBeDefined()
  })

  it('counts on from the database, whatever the page has noted before it knew', () => {
    const log = new AccessLog()
    log.note('early')
    log.sync(1_800_000_000_000.5)
    expect(log.useOf('early')).toBeGreaterThanOrEqual(1_800_000_000_000.5)
    const next = log.next()
    expect(next).toBeGreaterThan(log.useOf('early') as number)
    expect(next).toBeGreaterThan(1_800_000_000_000.5)
    log.sync(5)
    expect(log.next()).toBe(next + 1)
  })

  it('takes what it noted to be later than what another tab wrote meanwhile', () => {
    const log = new AccessLog()
    log.sync(10)
    log.note('mine')
    log.sync(500)
    expect(log.useOf('mine')).toBeGreaterThanOrEqual(500)
    expect(log.next()).toBeGreaterThan(500)
  })

  it('knows by its own clock, which only goes forward, what was written down less than a minute ago', () => {
    let now = 0
    const log = new AccessLog(() => now)
    log.sync(100)
    expect(log.isRecent(100)).toBe(false)
    const first = log.next()
    now = 59_000
    log.sync(first)
    expect(log.isRecent(first)).toBe(true)
    const second = log.next()
    now = 60_000
    log.sync(second)
    expect(log.isRecent(first)).toBe(false)
    expect(log.isRecent(second)).toBe(true)
  })
})
