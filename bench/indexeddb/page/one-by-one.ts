import { contestants } from './contestants.ts'
import { type Task, taskFor } from './task.ts'
import { entries, mustEqual, page } from './values.ts'

const records = entries(100)
const pages = entries(20, page)

/** Calls that are each awaited before the next. */
export const oneByOne: readonly Task[] = [
  setTask('set', 'set one by one, 1 kB', records),
  getTask('get', 'get one by one, 1 kB', records),
  setTask('set-large', 'set one by one, 100 kB', pages),
  getTask('get-large', 'get one by one, 100 kB', pages),
  touchTask(),
]

function setTask(id: string, label: string, data: typeof records): Task {
  return taskFor(contestants, { id, label, operations: data.length }, async ({ set, get }) => ({
    async run() {
      for (const [key, value] of data) await set(key, value)
    },
    async check() {
      const [key, value] = data.at(-1) as (typeof data)[number]
      mustEqual(await get(key), value, key)
    },
  }))
}

function getTask(id: string, label: string, data: typeof records): Task {
  return taskFor(contestants, { id, label, operations: data.length }, async ({ get, fill }) => {
    await fill(data)
    return {
      async run() {
        const found: unknown[] = []
        for (const [key] of data) found.push(await get(key))
        return found
      },
      async check(found) {
        mustEqual(
          found,
          data.map(([, value]) => value),
          label,
        )
      },
    }
  })
}

function touchTask(): Task {
  const label = 'touch one by one, 100 kB'
  return taskFor(
    contestants,
    { id: 'touch', label, operations: pages.length },
    async ({ touch, get, fill }) => {
      await fill(pages)
      return {
        async run() {
          for (const [key] of pages) await touch(key)
        },
        async check() {
          for (const [key, value] of pages) mustEqual(await get(key), value, label)
        },
      }
    },
  )
}
