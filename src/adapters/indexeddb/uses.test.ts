import { expect, it } from 'vitest'
import { Notes } from './uses.ts'

it('takes note of the last 10,000 keys, also when notes could not be written and are put back', () => {
  const notes = new Notes()
  const note = (start: string) => {
    for (let index = 0; index < 10_000; index += 1) notes.note(`${start}-${index}`, index)
  }
  note('a')
  const taken = notes.take()
  note('b')
  notes.putBack(taken)
  notes.note('c', 20_000)
  expect(notes.size).toBe(10_000)
  expect(notes.stampOf('a-9999')).toBeUndefined()
  expect(notes.stampOf('b-1')).toBeDefined()
  expect(notes.stampOf('c')).toBeDefined()
})
