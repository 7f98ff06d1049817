import type { Entries } from './contestant.ts'

/** A record of about 1 kB in ten fields. */
export function record(id: number): object {
  return {
    id,
    name: `User ${id}`,
    email: `user.${id}@example.com`,
    company: 'Analytical Engines',
    city: 'London',
    age: id % 90,
    score: id / 7,
    active: id % 2 === 0,
    createdAt: '2026-11-23T10:00:00.000Z',
    about: `${id} `.padEnd(780, 'All work and no play makes a dull benchmark. '),
  }
}

/** An answer of an API of about 100 kB: a hundred records in a page. */
export function page(id: number): object {
  return { page: id, items: Array.from({ length: 100 }, (_, index) => record(id * 100 + index)) }
}

export function entries(count: number, value: (id: number) => unknown = record, prefix = 'user:'): Entries {
  return Array.from({ length: count }, (_, id) => [`${prefix}${id}`, value(id)])
}

export const keysOf = (entries: Entries): string[] => entries.map(([key]) => key)

/** Throws unless both look the same as JSON, which is all that the values here are made of. */
export function mustEqual(found: unknown, wanted: unknown, what: string): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (is === should) return
  throw new Error(`${what}: found ${is?.slice(0, 200)}, wanted ${should?.slice(0, 200)}`)
}
