import { describe, expect, it } from 'vitest'
import { findResurrection } from './check.ts'
import type { Change, Read, Value } from './history.ts'

const loaded: Value = { id: 'old', key: 'k', tags: ['t'], since: 2, hasWindow: false }
const later: Value = { ...loaded, id: 'new', since: 5 }
const deleted: Change = { method: 'adelete', key: 'k', invoked: 3, returned: 6 }
const read: Read = { method: 'agetOrSet', key: 'k', value: 'old', invoked: 7, returned: 8 }

const find = (change: Change, one: Read = read, values: readonly Value[] = [loaded, later]) =>
  findResurrection({ values, changes: [change], reads: [one] })

describe('findResurrection', () => {
  it('finds a value from before a change that was acknowledged before the read began', () => {
    expect(find(deleted)).toBe(
      'agetOrSet(k), called at 7, returned old of 2, although adelete ran from 3 to 6',
    )
  })

  it.each<[string, Change, Read?, (readonly Value[])?]>([
    ['the read began before the change was acknowledged', deleted, { ...read, invoked: 5 }],
    ['the load began while the change ran', deleted, { ...read, value: 'new' }],
    ['the read returned nothing', deleted, { ...read, value: undefined }],
    ['the change was of another key', { ...deleted, key: 'other' }],
    ['the change was of another tag', { method: 'adeleteTags', tags: ['u'], invoked: 3, returned: 6 }],
    [
      'the value may be served stale, and was only expired',
      { ...deleted, method: 'aexpire' },
      read,
      [{ ...loaded, hasWindow: true }],
    ],
  ])('finds nothing if %s', (_, change, one, values) => {
    expect(find(change, one, values)).toBeUndefined()
  })

  it.each<[string, Change]>([
    ['aset', { ...deleted, method: 'aset' }],
    ['aexpire', { ...deleted, method: 'aexpire' }],
    ['adeleteTags', { method: 'adeleteTags', tags: ['u', 't'], invoked: 3, returned: 6 }],
    ['aclear', { method: 'aclear', invoked: 3, returned: 6 }],
  ])('finds a value from before %s', (_, change) => {
    expect(find(change)).toContain('returned old of 2')
  })

  it('finds a value that nobody made, or that was made for another key', () => {
    expect(find(deleted, { ...read, value: 'strange' })).toContain('nobody made')
    expect(find(deleted, read, [{ ...loaded, key: 'other' }])).toContain('nobody made')
  })
})
