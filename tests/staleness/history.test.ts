import { describe, expect, it } from 'vitest'
import { History } from './history.ts'

const bounds = { write: 10, clear: 20 }

function written(): History {
  const history = new History(bounds)
  history.wrote('a', 'key', { value: 'old', expiresAt: 1_000 }, 0)
  history.wrote('a', 'key', { value: 'new', expiresAt: 1_000 }, 100)
  return history
}

describe('a near read', () => {
  it.each([
    ['the current value', 'b', 'new', 500, undefined],
    ['the old one within the bound', 'b', 'old', 110, undefined],
    ['the old one beyond the bound', 'b', 'old', 111, 'gave "old" of key, 0.011 s after a write'],
    [
      'the old one where it was written over',
      'a',
      'old',
      101,
      'gave "old" of key, over which its own isolate had written',
    ],
    ['nothing where there is something', 'b', undefined, 101, 'missed key, which holds "new"'],
    ['nothing once it has expired', 'b', undefined, 1_000, undefined],
    ['what has expired', 'b', 'new', 1_000, 'gave "new" of key past its deadline'],
    ['what never was', 'b', 'else', 101, 'gave "else", which was never stored under key'],
    ['a number that is not the current one', 'b', 5, 101, 'gave the number 5 of key, which holds "new"'],
  ])('of %s', (_, isolate, value, at, violation) => {
    expect(written().violation(isolate, 'key', value, at)).toBe(violation)
  })

  it('after a clear', () => {
    const history = written()
    history.cleared('a', 200)
    expect(history.violation('b', 'key', 'new', 220)).toBeUndefined()
    expect(history.violation('b', 'key', 'new', 221)).toBe('gave "new" of key, 0.021 s after a clear')
    expect(history.violation('a', 'key', 'new', 200)).toContain('its own isolate')
    expect(history.violation('b', 'key', undefined, 200)).toBeUndefined()
  })

  it('after a tag was invalidated', () => {
    const history = new History(bounds)
    history.wrote('a', 'key', { value: 'untagged', expiresAt: 1_000 }, 0)
    history.wrote('a', 'key', { value: 'tagged', expiresAt: 1_000, tags: ['x'] }, 195)
    history.invalidated('b', 'x', 200)
    expect(history.violation('a', 'key', 'tagged', 200)).toBeUndefined()
    expect(history.violation('b', 'key', 'tagged', 200)).toContain('its own isolate')
    expect(history.violation('b', 'key', 'untagged', 200)).toBeUndefined()
    expect(history.violation('c', 'key', 'tagged', 220)).toBeUndefined()
    expect(history.violation('c', 'key', 'tagged', 221)).toBe('gave "tagged" of key, 0.021 s after a clear')
  })

  it('of a touched value uses the stored deadline', () => {
    const history = new History(bounds)
    history.wrote('a', 'key', { value: 'value', expiresAt: 50 }, 0)
    history.wrote('a', 'key', { value: 'value', expiresAt: 500 }, 40)
    expect(history.violation('b', 'key', 'value', 60)).toBeUndefined()
    expect(history.violation('b', 'key', undefined, 60)).toContain('missed')
  })
})
